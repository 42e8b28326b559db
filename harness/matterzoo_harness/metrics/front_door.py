"""`compare`: the front door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from matterzoo_harness.metrics import inputs
from matterzoo_harness.metrics.comparing import Progress, compare_joined
from matterzoo_harness.metrics.joining import deduplicated, needs_direction
from matterzoo_harness.metrics.matching import Ids
from matterzoo_harness.metrics.presets import Preset, resolve
from matterzoo_harness.metrics.progress import reporter
from matterzoo_harness.metrics.result import Comparison


def compare(
    embeddings: Mapping[str, Any] | str | Path,
    ids: Ids | None = None,
    *,
    preset: str | Preset = "default",
    metrics: Sequence[str] | None = None,
    k: int | Sequence[int] | None = None,
    imbalance_k: int | Sequence[int] | None = None,
    precision: str | None = None,
    device: str | Sequence[str] = "auto",
    seed: int = 0,
    on_bad: str = "error",
    join: str = "exact",
    deduplicate: bool | Sequence[str] = False,
    strip: int | None = None,
    progress: Progress | bool | None = None,
) -> Comparison:
    """Compare embeddings of the same records by several models, all pairs in one sweep.

    Parameters
    ----------
    embeddings
        Model → [N, d] (NumPy, torch, nested lists); widths may differ. Or a folder, see `load_embeddings`.
    ids
        Record ids, one list for all or one a model; rows are joined by them. None joins by position, for equal N only.
    preset
        `default`, `paper`, `prh`, `idcorr`, `dadapy`, `skdim`, or a `Preset`.
    metrics
        Names from `presets.METRICS`; None takes the preset's.
    k
        Neighbours of CKNNA and mutual k-NN: one, or several at the cost of one.
    imbalance_k
        Neighbours of the information imbalance, likewise.
    precision
        Of the tiles: `float32` or `float64`. What decides neighbours and ranks is float64 in both.
    device
        `auto`, `cpu`, `cuda`, `cuda:1`; several GPUs share the strips: `cuda:0,cuda:1`, or a list.
    seed
        Of the cross-validation folds.
    on_bad
        `error`, or `drop` records that are not finite from all models.
    join
        `exact`, or `intersect` records that all models have.
    deduplicate
        True leaves out records that every model embeds exactly as an earlier one; a list of [N] structure
        hashes, in the
        order of the joined records, leaves out those whose hash came before. Shared repeats inflate neighbour metrics.
    strip
        Rows a strip; None takes what fits. It does not change results beyond rounding.
    progress
        Called with (sweep, finished rows, all rows); True shows a bar on a terminal and lines elsewhere.

    Returns
    -------
    Comparison
        Matrices [M, M], vectors [M] and provenance.

    Raises
    ------
    MetricError
        For anything whose answer would be a plausible wrong number.

    Examples
    --------
    >>> result = compare({"a": X, "b": Y}, ids=ids, metrics=["cknna", "dcor"])   # doctest: +SKIP
    >>> result["cknna"][0, 1]                                                     # doctest: +SKIP
    """
    chosen = resolve(
        preset,
        metrics=None if metrics is None else tuple(metrics),
        k=_counts(k),
        imbalance_k=_counts(imbalance_k),
        precision=precision,
    )
    if isinstance(embeddings, (str, Path)):
        from matterzoo_harness.metrics.load import join_folder  # safetensors is for those who have files

        joined, _ = join_folder(embeddings, chosen, how=join, on_bad=on_bad)
    else:
        joined = inputs.join(embeddings, ids, on_bad=on_bad, how=join, zero_rows=needs_direction(chosen))
    joined = deduplicated(joined, deduplicate)
    settings: dict[str, Any] = {"device": device, "seed": seed, "strip": strip}
    if progress is True:
        with reporter() as bars:
            return compare_joined(joined, chosen, **settings, progress=bars)
    return compare_joined(joined, chosen, **settings, progress=progress or None)


def _counts(k: int | Sequence[int] | None) -> tuple[int, ...] | None:
    if k is None:
        return None
    return (int(k),) if isinstance(k, (int, np.integer)) else tuple(int(each) for each in k)
