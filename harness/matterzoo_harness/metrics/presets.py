"""Presets: which view, which k, which variant. `default` is ours; the others give other people's own numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from matterzoo_harness.metrics.errors import MetricError

PAIR_METRICS = (
    "cknna",
    "mutual_knn",
    "cka_linear",
    "cka_linear_unbiased",
    "cka_rbf",
    "cka_rbf_unbiased",
    "dcor",
    "dcor_sqr",
    "dcor_sqr_unbiased",
    "rsa",
    "information_imbalance",
    "id_correlation",
    "procrustes",
    "linear_predictivity",
)
MODEL_METRICS = ("id_twonn", "id_mle", "id_gride")
METRICS = PAIR_METRICS + MODEL_METRICS
LINEAR = ("procrustes", "linear_predictivity")
"""What needs no sweep: products of columns, at a cost of d³ a pair."""
SYMMETRIC = frozenset(PAIR_METRICS) - {"cknna", "information_imbalance", "linear_predictivity"}


@dataclass(frozen=True)
class Preset:
    """One set of conventions.

    Attributes
    ----------
    k
        Neighbours of CKNNA and mutual k-NN; the first is the one that is shown.
    knn_view, knn_inner
        View of the neighbours, and whether the inner product orders them.
    epsilon
        Added to the denominators of CKNNA and CKA, absolute.
    cka_view, distance_view, rank_view
        Views of CKA, of dCor and RSA, of information imbalance and the dimensions.
    rbf_sigma
        Width of the RBF kernel, in units of the embedding under its view; None takes the median distance.
    imbalance_k, ties
        Neighbour counts of the information imbalance; `mid` or `index`, see `imbalance.Ranks`.
    twonn_fraction, twonn_drop_equal
        See `dimension.two_nn` and `dimension.log_ratios`.
    mle_k, mle_mean
        See `dimension.mle`.
    gride_ranks, gride_trim
        The n₁ of Gride; see `dimension.gride`.
    clip
        Quantile of the absolute values at which embeddings are clamped before anything else; None leaves them.
    precision
        Of the tiles.
    """

    name: str
    metrics: tuple[str, ...] = METRICS
    k: tuple[int, ...] = (10,)
    knn_view: str = "l2"
    knn_inner: bool = False
    epsilon: float = 0.0
    cka_view: str = "raw"
    distance_view: str = "raw"
    rank_view: str = "raw"
    rbf_sigma: float | None = None
    imbalance_k: tuple[int, ...] = (1,)
    ties: str = "mid"
    twonn_fraction: float = 0.9
    twonn_drop_equal: bool = False
    mle_k: int = 20
    mle_mean: str = "harmonic"
    gride_ranks: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    gride_trim: bool = False
    clip: float | None = None
    precision: str = "float32"

    def with_(self, **changes: Any) -> Preset:
        """Return the same preset with some settings changed."""
        return replace(self, **changes)


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("default"),
        Preset(
            "paper",
            k=(25,),
            knn_view="rowmax",
            knn_inner=True,
            cka_view="rowmax",
            distance_view="rowmax",
            rank_view="rowmax",
            imbalance_k=(1, 50, 200, 500),
            mle_k=50,
            mle_mean="arithmetic",
            metrics=("cknna", "dcor_sqr", "information_imbalance", "id_correlation", "id_twonn", "id_mle"),
        ),
        Preset(
            "prh",
            k=(10,),
            epsilon=1e-6,
            cka_view="l2",
            rbf_sigma=1.0,
            clip=0.95,
            precision="float64",
            metrics=("cknna", "mutual_knn", "cka_linear", "cka_linear_unbiased", "cka_rbf", "cka_rbf_unbiased"),
        ),
        Preset(
            "idcorr",
            distance_view="l2",
            twonn_drop_equal=True,
            mle_k=100,
            mle_mean="arithmetic",
            precision="float64",
            metrics=("id_correlation", "dcor_sqr", "cka_linear", "id_twonn", "id_mle"),
        ),
        Preset(
            "dadapy",
            ties="index",
            gride_trim=True,
            precision="float64",
            metrics=("information_imbalance", "id_twonn", "id_gride"),
        ),
        Preset("skdim", mle_k=20, precision="float64", metrics=("id_twonn", "id_mle")),
    )
}
"""`paper` is arXiv 2512.03750, `prh` minyoungg/platonic-rep, `idcorr` lorenzobasile/IDCorrelation; the rest by name."""


def resolve(preset: str | Preset, **overrides: Any) -> Preset:
    """Return the preset of that name with the overrides that are not None.

    Raises
    ------
    MetricError
        For a name, a metric or a setting that does not exist.
    """
    if isinstance(preset, str):
        if preset not in PRESETS:
            raise MetricError(f"there is no preset {preset!r}", f"one of {', '.join(PRESETS)}")
        preset = PRESETS[preset]
    chosen = replace(preset, **{key: value for key, value in overrides.items() if value is not None})
    unknown = [metric for metric in chosen.metrics if metric not in METRICS]
    if unknown:
        raise MetricError(f"there is no metric {unknown[0]!r}", f"one of {', '.join(METRICS)}")
    if chosen.precision not in ("float32", "float64"):
        raise MetricError(f"there is no precision {chosen.precision!r}", "float32 or float64")
    return chosen


def check(preset: Preset, records: int) -> list[str]:
    """Refuse what N records cannot answer, and return warnings.

    Raises
    ------
    MetricError
        For k outside 2 … N−1 (CKNNA) or 1 … N−1 (mutual k-NN, imbalance, dimensions), and for N < 4.
    """
    wanted = set(preset.metrics)
    if records < 4:
        raise MetricError(f"{records} records: the unbiased estimators need at least 4")
    notes = []
    uses = [
        ("cknna", 2, preset.k),
        ("mutual_knn", 1, preset.k),
        ("information_imbalance", 1, preset.imbalance_k),
        ("id_mle", 2, (preset.mle_k,)),
    ]
    for metric, least, counts in uses:
        for k in counts if metric in wanted else ():
            if not least <= k <= records - 1:
                raise MetricError(
                    f"{metric}: k={k} with {records} records is not in {least} … {records - 1}",
                    "choose a smaller k or give more records",
                )
            if k > records / 10:
                notes.append(f"{metric}: k={k} is more than a tenth of the {records} records")
    if preset.ties == "index" and "information_imbalance" in wanted:
        notes.append(
            "information_imbalance: equal distances are ranked by record number, so the order of records matters"
        )
    return notes
