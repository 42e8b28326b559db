"""A picture of one model: UMAP, fed with our exact neighbours."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from matterzoo_harness.metrics.devices import pick_device, strip_height
from matterzoo_harness.metrics.errors import MetricError
from matterzoo_harness.metrics.inputs import as_array, constant
from matterzoo_harness.metrics.neighbours import Neighbours
from matterzoo_harness.metrics.numerics import PRECISIONS, full_precision
from matterzoo_harness.metrics.orders import ByDistance
from matterzoo_harness.metrics.sweep import sweep
from matterzoo_harness.metrics.views import view


def nearest(embedding: Any, count: int, *, device: str = "auto") -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the exact nearest records and their Euclidean distances, both [N, count], without the record itself."""
    array = as_array("embedding", embedding)
    if reason := constant(array):
        raise MetricError(f"{reason}: it has no neighbours")
    place, precision = pick_device(device), PRECISIONS["float32"]
    with full_precision(), torch.inference_mode():
        features = [view("raw", torch.from_numpy(array).to(place), precision)]
        search = Neighbours(ByDistance(features), (1, len(array)), count, device=place)
        sweep(features, [search], strip_height(1, len(array), precision.name, place))
        graph = search.graphs()[0]
    return graph.index.cpu().numpy(), np.sqrt(graph.score.cpu().numpy()) * features[0].scale


def precomputed(
    embedding: Any, neighbours: int, *, device: str = "auto"
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return neighbours and distances as UMAP reads them: the record itself first, and not a column too many."""
    index, distance = nearest(embedding, neighbours - 1, device=device)
    own = np.arange(len(index))[:, None]
    return np.hstack([own, index]), np.hstack([np.zeros((len(index), 1)), distance]).astype(np.float32)


def project(
    embedding: Any, *, neighbours: int = 15, min_dist: float = 0.1, seed: int = 0, device: str = "auto"
) -> NDArray[np.float32]:
    """Lay out one model's embeddings in two dimensions.

    Parameters
    ----------
    embedding
        [N, d], finite.
    neighbours
        Including the record itself, as UMAP counts.
    min_dist, seed
        UMAP's.
    device
        Where neighbours are searched.

    Returns
    -------
    NDArray
        [N, 2] float32.

    Raises
    ------
    MetricError
        If UMAP's layout is not finite.
    """
    import umap

    graph = precomputed(embedding, neighbours, device=device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it cannot transform new records without its own index, which is not wanted
        layout: NDArray[np.float32] = umap.UMAP(
            n_neighbors=neighbours,
            min_dist=min_dist,
            random_state=seed,
            n_jobs=1,
            precomputed_knn=graph,
            force_approximation_algorithm=True,
        ).fit_transform(np.asarray(embedding, dtype=np.float32))
    if not np.isfinite(layout).all():
        raise MetricError("the layout is not finite", "look for records that are all one point: deduplicate them")
    return layout
