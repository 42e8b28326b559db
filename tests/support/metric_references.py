"""The published formulas, written down once more by brute force: whole N×N matrices, float64, no cleverness."""

from __future__ import annotations

import numpy as np
from scipy.optimize import bisect


def data(kind: str, n: int, widths: tuple[int, ...], seed: int = 0) -> dict[str, np.ndarray]:
    """Independent, shared-latent, or tight clusters far from the origin (the hard case)."""
    rng = np.random.default_rng(seed)
    latent, label = rng.normal(size=(n, 12)), rng.integers(40, size=n)
    made = {}
    for i, d in enumerate(widths):
        if kind == "gauss":
            x = rng.normal(size=(n, d))
        elif kind == "shared":
            x = np.tanh(latent @ rng.normal(size=(12, d)) / 3) + 0.05 * rng.normal(size=(n, d))
        else:
            x = 3 * rng.normal(size=(40, d))[label] + 0.05 * rng.normal(size=(n, d)) + 10
        made[f"m{i}"] = x.astype(np.float32).astype(np.float64)
    return made


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def squared(x: np.ndarray) -> np.ndarray:
    return np.stack([np.square(x - row).sum(1) for row in x])


def hsic_biased(k: np.ndarray, other: np.ndarray) -> float:
    centre = np.eye(len(k)) - 1 / len(k)
    return float(np.trace(k @ centre @ other @ centre))


def hsic_unbiased(k: np.ndarray, other: np.ndarray) -> float:
    m = len(k)
    k, other = k - np.diag(np.diag(k)), other - np.diag(np.diag(other))
    value = (k * other.T).sum() + k.sum() * other.sum() / ((m - 1) * (m - 2)) - 2 * (k @ other).sum() / (m - 2)
    return float(value / (m * (m - 3)))


def cka(k: np.ndarray, other: np.ndarray, hsic=hsic_unbiased, epsilon: float = 0.0) -> float:
    return hsic(k, other) / (np.sqrt(hsic(k, k) * hsic(other, other)) + epsilon)


def neighbours(similarity: np.ndarray, k: int) -> np.ndarray:
    s = similarity.copy()
    np.fill_diagonal(s, -np.inf)
    return np.argsort(-s, axis=1, kind="stable")[:, :k]


def mask(similarity: np.ndarray, k: int) -> np.ndarray:
    found = np.zeros_like(similarity)
    np.put_along_axis(found, neighbours(similarity, k), 1.0, axis=1)
    return found


def cknna(a: np.ndarray, b: np.ndarray, k: int, epsilon: float = 0.0) -> float:
    left, right = a @ a.T, b @ b.T
    ml, mr = mask(left, k), mask(right, k)
    both = ml * mr
    cross = hsic_unbiased(both * left, both * right)
    return cross / (np.sqrt(hsic_unbiased(ml * left, ml * left) * hsic_unbiased(mr * right, mr * right)) + epsilon)


def shared_edges(a: np.ndarray, b: np.ndarray, k: int) -> int:
    return int((mask(a @ a.T, k) * mask(b @ b.T, k)).sum())


def rank_matrix(x: np.ndarray) -> np.ndarray:
    d = squared(x)
    np.fill_diagonal(d, -1)
    order = np.argsort(d, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(len(x))[None].repeat(len(x), 0), axis=1)
    return ranks


def imbalance(a: np.ndarray, b: np.ndarray, k: int) -> float:
    ra, rb = rank_matrix(a), rank_matrix(b)
    return float(rb[(ra >= 1) & (ra <= k)].mean() * 2 / len(a))


def sorted_distances(x: np.ndarray) -> np.ndarray:
    d = np.sqrt(squared(x))
    np.fill_diagonal(d, -1)
    return np.sort(d, axis=1)[:, 1:]


def two_nn(x: np.ndarray, drop: bool = False) -> float:
    d = sorted_distances(x)
    r1, r2 = d[:, 0], d[:, 1]
    if drop:
        r1, r2 = (r[(d[:, 0] != 0) & (d[:, 0] != d[:, 1])] for r in (r1, r2))
    n = len(r1)
    log = np.log(np.sort(r2 / r1))[: int(0.9 * n)]
    y = -np.log(1 - np.arange(1, len(log) + 1) / n)
    return float(np.linalg.lstsq(log[:, None], y, rcond=None)[0][0])


def id_correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = ((x - x.mean(0)) / (x.std(0, ddof=1) + 1e-9) for x in (a, b))
    i, j, joint = two_nn(a, True), two_nn(b, True), two_nn(np.hstack([a, b]), True)
    return (i + j - joint) / (i + j - min(i, j))


def mle_arithmetic(x: np.ndarray, k: int) -> float:
    t = sorted_distances(x)[:, :k]
    return float(np.mean(1 / (np.log(t[:, -1:] / t).sum(1) / (k - 1))))


def gride(x: np.ndarray, rank: int) -> float:
    d = sorted_distances(x)
    mu = d[:, 2 * rank - 1] / d[:, rank - 1]
    high, middle = np.percentile(mu, [95, 50])
    mu = mu[mu < 20 * (high - middle) + middle]

    def slope(dim: float) -> float:
        terms = ((1 - rank) / (1 - mu**-dim) + 2 * rank - 1) * np.log(mu)
        return terms.sum() - (len(mu) - 1) / dim

    return float(bisect(slope, 1e-3, 1e3, xtol=1e-13))


def dcor_sqr(a: np.ndarray, b: np.ndarray) -> float:
    def centred(x):
        d = np.sqrt(squared(x))
        return d - d.mean(0) - d.mean(1)[:, None] + d.mean()

    a, b = centred(a), centred(b)
    return float((a * b).mean() / np.sqrt((a * a).mean() * (b * b).mean()))
