"""The engine: which sweeps a set of metrics needs, and what is made of their sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from matterzoo_harness.metrics import moments
from matterzoo_harness.metrics.cknna import Alignment, Edges, align
from matterzoo_harness.metrics.cknna_dense import DenseAlignment, Thresholds
from matterzoo_harness.metrics.dimension import gride, log_ratios, mle, two_nn
from matterzoo_harness.metrics.idcorr import JointPairs, correlation
from matterzoo_harness.metrics.imbalance import Ranks
from matterzoo_harness.metrics.linear import linear_predictivity, procrustes
from matterzoo_harness.metrics.neighbours import Graph, Neighbours
from matterzoo_harness.metrics.numerics import PRECISIONS
from matterzoo_harness.metrics.presets import Preset
from matterzoo_harness.metrics.sweep import Pass, sweep
from matterzoo_harness.metrics.views import Features, view

SPARSE_LIMIT = 128
"""Largest k for which CKNNA walks neighbour lists; above it a second, float64 sweep uses thresholds."""

NEAR = 1e-8
"""Share of the median squared nearest distance below which two records are near duplicates."""

DISTANCE_METRICS = {"dcor", "dcor_sqr", "dcor_sqr_unbiased", "rsa"}
DIMENSIONS = {"id_twonn", "id_mle", "id_gride"}
Runner = Callable[[str, Sequence[Features], Sequence[Pass], int], None]


@dataclass
class Findings:
    """Numbers of the models that are not degenerate, before they are put into a `Comparison`.

    `pairs`: (metric, k, view, estimator, [M, M]); `models`: [M] vectors; `counts`: certificate counts by step,
    [M] each.
    """

    pairs: list[tuple[str, int | None, str, str, NDArray[np.float64]]] = field(default_factory=list)
    models: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    counts: dict[str, list[int]] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    def pair(
        self, metric: str, k: int | None, view_name: str, estimator: str, values: Tensor | NDArray[np.float64]
    ) -> None:
        """Add one matrix."""
        array = values.cpu().numpy() if isinstance(values, Tensor) else values
        self.pairs.append((metric, k, view_name, estimator, array.astype(np.float64)))


def plain_runner(name: str, features: Sequence[Features], passes: Sequence[Pass], height: int) -> None:
    """Run one sweep from start to end."""
    del name
    sweep(features, passes, height)


def measure(
    sources: Sequence[Tensor], preset: Preset, order: Tensor, height: int, run: Runner = plain_runner
) -> Findings:
    """All metrics of the preset on embeddings of the same records.

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
    findings = Findings()
    wanted = set(preset.metrics)
    precision = PRECISIONS[preset.precision]
    for name in views_of(preset):
        features = [view(name, source, precision) for source in sources]
        _one_view(name, features, preset, height, run, findings)
        if name == "raw":
            _linear(features, wanted, order, findings)
        del features
    if wanted & {"procrustes", "linear_predictivity"} and "raw" not in views_of(preset):
        _linear([view("raw", source, precision) for source in sources], wanted, order, findings)
    _dense(sources, preset, height, run, findings)
    return findings


def views_of(preset: Preset) -> list[str]:
    """Return the views that the metrics of the preset are swept under."""
    wanted = set(preset.metrics)
    needs = [
        (preset.knn_view, wanted & {"cknna", "mutual_knn"} and min(preset.k) <= SPARSE_LIMIT),
        (preset.cka_view, {m for m in wanted if m.startswith("cka_")}),
        (preset.distance_view, wanted & DISTANCE_METRICS),
        (preset.rank_view, wanted & ({"information_imbalance"} | DIMENSIONS)),
        ("z", wanted & {"id_correlation"}),
    ]
    return list(dict.fromkeys(name for name, reason in needs if reason))


def _one_view(name: str, features: list[Features], preset: Preset, height: int, run: Runner, found: Findings) -> None:
    wanted = set(preset.metrics)
    passes: dict[str, Pass] = {}
    sparse = [k for k in preset.k if k <= SPARSE_LIMIT]
    near = wanted & {"cknna", "mutual_knn"} and name == preset.knn_view and sparse
    depth = _depth(preset) if name == preset.rank_view else 0
    keep = max(1, _depth(preset, ranks=False)) if name == preset.rank_view else 0
    if near and preset.knn_inner:
        passes["inner"] = Neighbours(features, max(sparse), inner=True)
    elif near:
        depth, keep = max(depth, *sparse), max(keep, *sparse)
    if depth:
        depth = min(depth, len(features[0].source) - 1)
        passes["near"] = Neighbours(features, depth, min(keep, depth))
    if "information_imbalance" in wanted and name == preset.rank_view:
        passes["ranks"] = Ranks(features, preset.imbalance_k, preset.ties)
    if name == preset.cka_view and wanted & {"cka_linear", "cka_linear_unbiased"}:
        passes["gram"] = moments.Moments("gram", features)
    if name == preset.cka_view and wanted & {"cka_rbf", "cka_rbf_unbiased"}:
        width = [preset.rbf_sigma / f.scale if preset.rbf_sigma else moments.median_width(f) for f in features]
        found.extra["rbf_sigma"] = [w * f.scale for w, f in zip(width, features, strict=True)]
        passes["rbf"] = moments.Moments("rbf", features, torch.tensor(width, dtype=torch.float64))
    if name == preset.distance_view and wanted & DISTANCE_METRICS:
        passes["distance"] = moments.Moments("distance", features)
    if name == "z" and "id_correlation" in wanted:
        passes["joint"] = JointPairs(features)
    run(name, features, list(passes.values()), height)
    _collect(name, passes, features, preset, found)


def _depth(preset: Preset, *, ranks: bool = True) -> int:
    """Neighbours that imbalance and dimensions need."""
    wanted = set(preset.metrics)
    needs = [0]
    needs += [max(preset.imbalance_k)] if ranks and "information_imbalance" in wanted else []
    needs += [2] if "id_twonn" in wanted else []
    needs += [preset.mle_k] if "id_mle" in wanted else []
    needs += [2 * max(preset.gride_ranks)] if "id_gride" in wanted else []
    return max(needs)


def _collect(name: str, passes: dict[str, Pass], features: list[Features], preset: Preset, found: Findings) -> None:
    wanted = set(preset.metrics)
    for step, each in passes.items():
        for count in ("retried", "recomputed", "ties", "resolved"):
            if count in each.sums:
                found.counts[f"{name}/{step}/{count}"] = each.sums[count].tolist()
    lists = passes.get("inner") or passes.get("near")
    if isinstance(lists, Neighbours) and name == preset.knn_view and wanted & {"cknna", "mutual_knn"}:
        for k in (k for k in preset.k if k <= SPARSE_LIMIT):
            edges = [_edges(g, k, inner=preset.knn_inner) for g in lists.graphs()]
            _alignment(align(edges, preset.epsilon), k, preset, found, len(features[0].source))
    near = passes.get("near")
    if isinstance(near, Neighbours) and name == preset.rank_view:
        _dimensions(near.graphs(), preset, found)
    ranks = passes.get("ranks")
    if isinstance(ranks, Ranks):
        text = f"exact ranks on all records, {preset.ties}-rank ties"
        for k, values in zip(preset.imbalance_k, ranks.result(), strict=True):
            found.pair("information_imbalance", k, name, text, values)
    _kernels(name, passes, features, preset, found)
    joint = passes.get("joint")
    if isinstance(joint, JointPairs):
        dimensions, dropped = joint.dimensions()
        found.extra["id_joint"], found.extra["id_joint_dropped"] = dimensions, dropped
        found.pair("id_correlation", None, name, "(I_A + I_B − I_AB)/max(I_A, I_B), TwoNN", correlation(dimensions))


def _edges(graph: Graph, k: int, *, inner: bool) -> Edges:
    score = graph.score[:, :k]
    return Edges.of(graph.index[:, :k].contiguous(), -score if inner else 1 - score / 2)


def _alignment(result: Alignment, k: int, preset: Preset, found: Findings, records: int) -> None:
    order = "inner product" if preset.knn_inner else "distance"
    if "cknna" in preset.metrics:
        values, text = result.cknna, f"masked unbiased HSIC, neighbours by {order}"
        if preset.name == "default":
            found.extra[f"cknna_asymmetry@{k}"] = float((values - values.T).abs().nan_to_num().max())
            values, text = (values + values.T) / 2, text + ", mean of both orders"
        found.pair("cknna", k, preset.knn_view, text, values)
    if "mutual_knn" in preset.metrics:
        found.pair(
            "mutual_knn",
            k,
            preset.knn_view,
            f"share of common neighbours by {order}",
            result.shared.double() / (records * k),
        )


def _dimensions(graphs: Sequence[Graph], preset: Preset, found: Findings) -> None:
    wanted = set(preset.metrics)
    values: dict[str, list[float]] = {}
    for graph in graphs:
        squared = graph.score.cpu().numpy()
        own: dict[str, tuple[float, float]] = {}
        if "id_twonn" in wanted:
            logs, dropped = log_ratios(squared[:, 0], squared[:, 1], drop_equal=preset.twonn_drop_equal)
            own["id_twonn"] = (two_nn(logs, preset.twonn_fraction), dropped)
        if "id_mle" in wanted:
            own["id_mle"] = mle(squared[:, : preset.mle_k], preset.mle_mean)
        if "id_gride" in wanted:
            for rank in preset.gride_ranks:
                if 2 * rank <= squared.shape[1]:
                    own[f"id_gride@{rank}"] = gride(squared, rank, trim=preset.gride_trim)
        for key, (value, dropped) in own.items():
            values.setdefault(key, []).append(value if dropped <= 0.5 else float("nan"))
            values.setdefault(f"{key}/dropped", []).append(dropped)
        values.setdefault("duplicates", []).append(float((squared[:, 0] == 0).sum()))
        near = (squared[:, 0] > 0) & (squared[:, 0] < NEAR * np.median(squared[:, 0]))
        values.setdefault("near_duplicates", []).append(float(near.sum()))
    found.models.update({key: np.array(value) for key, value in values.items()})


def _kernels(name: str, passes: dict[str, Pass], features: list[Features], preset: Preset, found: Findings) -> None:
    n = len(features[0].source)
    for step, metric in (("gram", "cka_linear"), ("rbf", "cka_rbf")):
        each = passes.get(step)
        if isinstance(each, moments.Moments):
            sums = each.result()
            unit = torch.tensor([f.scale**4 if step == "gram" else 1.0 for f in features], dtype=torch.float64).sqrt()
            scale = torch.outer(unit, unit).to(sums.products.device)
            if metric in preset.metrics:
                value = moments.normalised(moments.hsic_biased(sums) * n**2 * scale, preset.epsilon)
                found.pair(metric, None, name, "biased HSIC", value)
            if f"{metric}_unbiased" in preset.metrics:
                value = moments.normalised(moments.hsic_unbiased(sums) * scale, preset.epsilon)
                found.pair(f"{metric}_unbiased", None, name, "unbiased HSIC", value)
    each = passes.get("distance")
    if isinstance(each, moments.Moments):
        sums = each.result()
        square = moments.normalised(moments.hsic_biased(sums))
        table = {
            "dcor": ("R, biased (V-statistic)", square.clamp(min=0).sqrt()),
            "dcor_sqr": ("R², biased (V-statistic)", square),
            "dcor_sqr_unbiased": (
                "R², bias-corrected (U-centred), may be negative",
                moments.normalised(moments.hsic_unbiased(sums)),
            ),
            "rsa": ("Pearson, Euclidean distances", moments.pearson(sums)),
        }
        for metric, (text, value) in table.items():
            if metric in preset.metrics:
                found.pair(metric, None, name, text, value)


def _linear(features: list[Features], wanted: set[str], order: Tensor, found: Findings) -> None:
    if "procrustes" in wanted:
        found.pair(
            "procrustes",
            None,
            "raw",
            "nuclear norm of the cross moment, centred and of unit norm",
            procrustes(features),
        )
    if "linear_predictivity" in wanted:
        found.pair(
            "linear_predictivity",
            None,
            "raw",
            "R² of a ridge map, 5-fold cross-validated",
            linear_predictivity(features, order),
        )


def _dense(sources: Sequence[Tensor], preset: Preset, height: int, run: Runner, found: Findings) -> None:
    large = [k for k in preset.k if k > SPARSE_LIMIT] if set(preset.metrics) & {"cknna", "mutual_knn"} else []
    if not large:
        return
    features = [view(preset.knn_view, source, PRECISIONS["float64"]) for source in sources]
    for k in large:
        limits = Thresholds(features, k, inner=preset.knn_inner)
        run(f"thresholds@{k}", features, [limits], height)
        sums = DenseAlignment(features, limits.rows["threshold"], inner=preset.knn_inner)
        run(f"cknna@{k}", features, [sums], height)
        _alignment(sums.result(preset.epsilon), k, preset, found, len(sources[0]))
