"""Intrinsic dimension from nearest-neighbour distances: TwoNN, maximum likelihood, Gride."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def two_nn(ratios: Floats, fraction: float = 0.9) -> float:
    """TwoNN (Facco et al. 2017): slope through the origin of −ln(1−F) on ln μ, with μ = r₂/r₁.

    Parameters
    ----------
    ratios
        [n] ln μ, finite and ≥ 0, in any order.
    fraction
        Smallest part of the sorted ratios that is fitted; F of the i-th smallest, from 1, is i/n.

    Returns
    -------
    float
        NaN for fewer than three ratios.
    """
    n = len(ratios)
    used = int(n * fraction)
    if used < 2:
        return float("nan")
    x = np.sort(ratios)[: min(used, n - 1)]
    y = -np.log1p(-np.arange(1, len(x) + 1) / n)
    square = float(x @ x)
    return float(x @ y) / square if square > 0 else float("nan")


def log_ratios(first: Floats, second: Floats, *, drop_equal: bool = False) -> tuple[Floats, float]:
    """ln(r₂/r₁) of the records where it is defined, and the share of records that had to be left out.

    Parameters
    ----------
    first, second
        [N] squared distances to the nearest and the second nearest record.
    drop_equal
        Leave out r₁ = r₂ too, as IDCorrelation does; r₁ = 0 (an exact duplicate) always is.
    """
    keep = first > 0
    if drop_equal:
        keep &= first != second
    values = 0.5 * np.log(second[keep] / first[keep])
    return values, 1.0 - float(keep.mean())


def mle(squared: Floats, mean: str = "harmonic") -> tuple[float, float]:
    """Levina–Bickel estimate from the k nearest neighbours, and the share of records left out.

    Parameters
    ----------
    squared
        [N, k] squared distances, nearest first. Records with an exact duplicate are left out.
    mean
        `harmonic`: the inverse of the mean inverse (MacKay and Ghahramani 2005; scikit-dimension).
        `arithmetic`: the mean
        of the per-record estimates [Σ_j ln(T_k/T_j)/(k−1)]⁻¹ (Levina and Bickel 2004; IDCorrelation; arXiv 2512.03750).
    """
    keep = squared[:, 0] > 0
    values = squared[keep]
    if not len(values):
        return float("nan"), 1.0
    k = values.shape[1]
    inverse = 0.5 * np.log(values[:, -1:] / values).sum(1) / (k - 1)
    with np.errstate(divide="ignore"):
        estimate = 1.0 / inverse.mean() if mean == "harmonic" else float(np.mean(1.0 / inverse))
    return float(estimate), 1.0 - float(keep.mean())


def gride(squared: Floats, rank: int, *, trim: bool = False) -> tuple[float, float]:
    """Gride (Denti et al. 2022) at neighbour ranks n₁ = `rank`, n₂ = 2·rank, and the share of records left out.

    The ratio μ = r_{n₂}/r_{n₁} has the density d(μ^d − 1)^{n₂−n₁−1} / (B(n₂−n₁, n₁) μ^{d(n₂−1)+1}): the likelihood is
    stationary where N/d + (n₂−n₁−1) Σ ln μ/(1−μ^−d) − (n₂−1) Σ ln μ = 0, which decreases in d. N is replaced by N − 1,
    as DADApy does: at rank 1 that removes the bias.

    Parameters
    ----------
    squared
        [N, K] squared distances, nearest first; K ≥ 2·rank.
    rank
        n₁.
    trim
        Leave out ratios above q₅₀ + 20·(q₉₅ − q₅₀), as DADApy does.
    """
    near, far = squared[:, rank - 1], squared[:, 2 * rank - 1]
    keep = near > 0
    ratios = np.sqrt(far[keep] / near[keep])
    if trim and len(ratios):
        high, middle = np.percentile(ratios, [95, 50])
        ratios = ratios[ratios < 20 * (high - middle) + middle]
    logs = np.log(np.maximum(ratios, 1 + 10 * np.finfo(np.float64).eps))
    if len(logs) < 2 or logs.sum() < 1e-12 * len(logs):
        return float("nan"), 1.0
    return _root(logs, rank), 1.0 - float(keep.mean())


def _root(logs: Floats, rank: int) -> float:
    """Where the slope of the likelihood is zero: it falls and is convex, so Newton's steps from below never overshoot.

    ln μ/(1 − μ^−d) ≥ ln μ, so at d = (N−1)/(n₁ Σ ln μ) the slope is not yet below zero.
    """
    count, total = len(logs) - 1, float(logs.sum())
    d = count / (rank * total)
    for _ in range(100):
        grown = -np.expm1(-d * logs)
        inner = logs / grown
        slope = count / d + (rank - 1) * float(inner.sum()) - (2 * rank - 1) * total
        curve = count / d**2 + (rank - 1) * float((inner**2 * (1 - grown)).sum())
        step = slope / curve
        d += step
        if abs(step) <= 1e-14 * d:
            break
    return d
