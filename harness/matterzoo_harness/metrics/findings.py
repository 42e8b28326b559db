"""From the sums of a sweep to matrices: every estimator's last step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from matterzoo_harness.metrics import moments
from matterzoo_harness.metrics.cknna import Alignment, Edges, align
from matterzoo_harness.metrics.cknna_dense import DenseAlignment
from matterzoo_harness.metrics.dimension import gride, log_ratios, mle, two_nn
from matterzoo_harness.metrics.idcorr import JointPairs, correlation
from matterzoo_harness.metrics.imbalance import Ranks
from matterzoo_harness.metrics.linear import linear_predictivity, procrustes
from matterzoo_harness.metrics.neighbours import Graph, Neighbours
from matterzoo_harness.metrics.presets import Preset
from matterzoo_harness.metrics.sweep import Pass
from matterzoo_harness.metrics.views import Features

SPARSE_LIMIT = 128
"""Largest k for which CKNNA walks neighbour lists; above it a second, float64 sweep uses thresholds."""

NEAR = 1e-8
"""Share of the median squared nearest distance below which two records are near duplicates."""


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


def collect(
    name: str, passes: Mapping[str, Pass], features: Sequence[Features], preset: Preset, found: Findings
) -> None:
    """Turn what the passes of one view hold into matrices and vectors."""
    for step, each in passes.items():
        for count in ("retried", "recomputed", "ties", "resolved"):
            if count in each.sums:
                found.counts[f"{name}/{step}/{count}"] = each.sums[count].tolist()
    lists, near = passes.get("knn"), passes.get("near")
    if lists is None and name == preset.knn_view:
        lists = near
    if isinstance(lists, Neighbours) and {"cknna", "mutual_knn"} & set(preset.metrics):
        for k in (k for k in preset.k if k <= SPARSE_LIMIT):
            edges = [_edges(g, k, inner=preset.knn_inner) for g in lists.graphs()]
            alignment(align(edges, preset.epsilon), k, preset, found, len(features[0].source))
    if isinstance(near, Neighbours) and name == preset.rank_view:
        _dimensions(near.graphs(), preset, found)
    ranks = passes.get("ranks")
    if isinstance(ranks, Ranks):
        text = f"exact ranks on all records, {preset.ties}-rank ties"
        for k, values in zip(preset.imbalance_k, ranks.result(), strict=True):
            found.pair("information_imbalance", k, name, text, values)
    dense = passes.get("dense")
    if isinstance(dense, DenseAlignment):
        alignment(dense.result(preset.epsilon), dense.k, preset, found, len(features[0].source))
    _kernels(name, passes, features, preset, found)
    joint = passes.get("joint")
    if isinstance(joint, JointPairs):
        dimensions, dropped = joint.dimensions()
        found.extra["id_joint"], found.extra["id_joint_dropped"] = dimensions, dropped
        found.pair("id_correlation", None, name, "(I_A + I_B − I_AB)/max(I_A, I_B), TwoNN", correlation(dimensions))


def _edges(graph: Graph, k: int, *, inner: bool) -> Edges:
    score = graph.score[:, :k]
    return Edges.of(graph.index[:, :k].contiguous(), -score if inner else 1 - score / 2)


def alignment(result: Alignment, k: int, preset: Preset, found: Findings, records: int) -> None:
    """Add CKNNA and mutual k-NN of one k."""
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


def _kernels(
    name: str, passes: Mapping[str, Pass], features: Sequence[Features], preset: Preset, found: Findings
) -> None:
    n = len(features[0].source)
    for step, metric in (("gram", "cka_linear"), ("rbf", "cka_rbf")):
        each = passes.get(step)
        if isinstance(each, moments.Moments):
            sums = each.result()
            if each.sigma is not None:
                widths = zip(each.sigma.tolist(), features, strict=True)
                found.extra["rbf_sigma"] = [width * f.scale for width, f in widths]
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


def linear_maps(features: Sequence[Features], wanted: set[str], order: Tensor, found: Findings) -> None:
    """Add the metrics that need no sweep."""
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
