"""The engine: which sweeps a set of metrics needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from matterzoo_harness.metrics import findings as last
from matterzoo_harness.metrics import moments
from matterzoo_harness.metrics.cknna_dense import DenseAlignment, Thresholds
from matterzoo_harness.metrics.findings import Findings
from matterzoo_harness.metrics.idcorr import JointPairs
from matterzoo_harness.metrics.imbalance import Ranks
from matterzoo_harness.metrics.neighbours import Neighbours
from matterzoo_harness.metrics.numerics import PRECISIONS
from matterzoo_harness.metrics.orders import ByCosine, ByDistance, ByInner
from matterzoo_harness.metrics.presets import LINEAR, Preset
from matterzoo_harness.metrics.sweep import Pass, sweep
from matterzoo_harness.metrics.views import Features, view

DISTANCE_METRICS = {"dcor", "dcor_sqr", "dcor_sqr_unbiased", "rsa"}
DIMENSIONS = {"id_twonn", "id_mle", "id_gride"}
NEIGHBOUR_METRICS = {"cknna", "mutual_knn"}
Runner = Callable[[str, Sequence[Features], Sequence[Pass], int], None]


def plain_runner(name: str, features: Sequence[Features], passes: Sequence[Pass], height: int) -> None:
    """Run one sweep from start to end."""
    del name
    sweep(features, passes, height)


def measure(
    sources: Sequence[Tensor], preset: Preset, order: Tensor, height: int, run: Runner = plain_runner
) -> Findings:
    """Compute all metrics of the preset on embeddings of the same records.

    Parameters
    ----------
    sources
        [N, d_m] each, finite, not constant, on one device.
    preset
        What to compute, and how.
    order
        [N] the permutation that makes the folds of `linear_predictivity`.
    height
        Rows a strip.
    run
        Runs one sweep; the front door puts checkpoints and progress here.
    """
    found = Findings()
    linear = set(preset.metrics) & set(LINEAR)
    for name, features, passes in sweeps(sources, preset):
        run(name, features, list(passes.values()), height)
        last.collect(name, passes, features, preset, found)
        if name == "raw" and linear:
            last.linear_maps(features, linear, order, found)
    if linear and "raw" not in views_of(preset):
        last.linear_maps([view("raw", s, PRECISIONS[preset.precision]) for s in sources], linear, order, found)
    return found


def sweeps(sources: Sequence[Tensor], preset: Preset) -> Iterator[tuple[str, list[Features], dict[str, Pass]]]:
    """Yield the name, the features and the passes of every sweep; each is run before the next one is asked for."""
    waiting = views_of(preset)
    while waiting:
        name = waiting.pop(0)
        features = [view(name, source, PRECISIONS[preset.precision]) for source in sources]
        passes = _passes(name, features, preset)
        if name == "raw" and (cosine := _read_off(features, preset, waiting)):
            waiting.remove("l2")
            passes["knn"] = cosine
        yield name, features, passes
    yield from _dense(sources, preset)


def views_of(preset: Preset) -> list[str]:
    """Return the views that the metrics of the preset are swept under."""
    wanted = set(preset.metrics)
    needs = [
        (preset.cka_view, {m for m in wanted if m.startswith("cka_")}),
        (preset.distance_view, wanted & DISTANCE_METRICS),
        (preset.rank_view, wanted & ({"information_imbalance"} | DIMENSIONS)),
        (preset.knn_view, wanted & NEIGHBOUR_METRICS and min(preset.k) <= last.SPARSE_LIMIT),
        ("z", wanted & {"id_correlation"}),
    ]
    return list(dict.fromkeys(name for name, reason in needs if reason))


def _passes(name: str, features: list[Features], preset: Preset) -> dict[str, Pass]:
    """Return what one view has to find out, in the order in which strips are seen."""
    wanted = set(preset.metrics)
    passes: dict[str, Pass] = {}
    lists = [k for k in preset.k if k <= last.SPARSE_LIMIT and wanted & NEIGHBOUR_METRICS and name == preset.knn_view]
    depth = _depth(preset) if name == preset.rank_view else 0
    keep = _depth(preset, ranks=False) if name == preset.rank_view else 0
    if lists and preset.knn_inner:
        passes["knn"] = _search(ByInner(features), max(lists), name="knn")
    elif lists:
        depth, keep = max(depth, *lists), max(keep, *lists)
    if depth:
        passes["near"] = _search(ByDistance(features), depth, keep=max(1, keep))
    if "information_imbalance" in wanted and name == preset.rank_view:
        passes["ranks"] = Ranks(features, preset.imbalance_k, preset.ties)
    passes |= _kernel_passes(name, features, preset)
    if name == "z" and "id_correlation" in wanted:
        passes["joint"] = JointPairs(features)
    return passes


def _kernel_passes(name: str, features: list[Features], preset: Preset) -> dict[str, Pass]:
    wanted = set(preset.metrics)
    passes: dict[str, Pass] = {}
    if name == preset.cka_view and wanted & {"cka_linear", "cka_linear_unbiased"}:
        passes["gram"] = moments.Moments("gram", features)
    if name == preset.cka_view and wanted & {"cka_rbf", "cka_rbf_unbiased"}:
        fixed = preset.rbf_sigma
        widths = [fixed / f.scale if fixed else moments.median_width(f) for f in features]
        passes["rbf"] = moments.Moments("rbf", features, torch.tensor(widths, dtype=torch.float64))
    if name == preset.distance_view and wanted & DISTANCE_METRICS:
        passes["distance"] = moments.Moments("distance", features)
    return passes


def _read_off(features: list[Features], preset: Preset, waiting: Sequence[str]) -> Neighbours | None:
    """Return the neighbours of the L2 view as a pass over the raw view's tiles, where that spares a sweep."""
    others = {preset.cka_view, preset.distance_view, preset.rank_view}
    if preset.knn_view != "l2" or preset.knn_inner or "l2" not in waiting or "l2" in others & set(waiting):
        return None
    cosine = ByCosine(features)
    return _search(cosine, max(k for k in preset.k if k <= last.SPARSE_LIMIT), name="knn") if cosine.sound() else None


def _search(order: ByDistance, count: int, keep: int | None = None, name: str = "distance") -> Neighbours:
    source = order.features[0].source
    count = min(count, len(source) - 1)
    keep = None if keep is None else min(keep, count)
    return Neighbours(order, (len(order.features), len(source)), count, keep, name=name, device=source.device)


def _depth(preset: Preset, *, ranks: bool = True) -> int:
    """Return how many neighbours imbalance and dimensions need."""
    wanted = set(preset.metrics)
    needs = [0]
    needs += [max(preset.imbalance_k)] if ranks and "information_imbalance" in wanted else []
    needs += [2] if "id_twonn" in wanted else []
    needs += [preset.mle_k] if "id_mle" in wanted else []
    needs += [2 * max(preset.gride_ranks)] if "id_gride" in wanted else []
    return max(needs)


def _dense(sources: Sequence[Tensor], preset: Preset) -> Iterator[tuple[str, list[Features], dict[str, Pass]]]:
    large = [k for k in preset.k if k > last.SPARSE_LIMIT] if set(preset.metrics) & NEIGHBOUR_METRICS else []
    if not large:
        return
    features = [view(preset.knn_view, source, PRECISIONS["float64"]) for source in sources]
    for k in large:
        limits = Thresholds(features, k, inner=preset.knn_inner)
        yield f"thresholds@{k}", features, {"thresholds": limits}
        yield (
            f"cknna@{k}",
            features,
            {"dense": DenseAlignment(features, k, limits.rows["threshold"], inner=preset.knn_inner)},
        )
