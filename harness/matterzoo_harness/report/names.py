"""What metrics are called, which way they point, and where nothing is."""

from __future__ import annotations

TITLES = {
    "cknna": "CKNNA",
    "mutual_knn": "mutual k-NN",
    "cka_linear": "linear CKA (biased)",
    "cka_linear_unbiased": "linear CKA",
    "cka_rbf": "RBF CKA (biased)",
    "cka_rbf_unbiased": "RBF CKA",
    "dcor": "dCor (biased)",
    "dcor_sqr": "dCor² (biased)",
    "dcor_sqr_unbiased": "dCor² (bias-corrected)",
    "rsa": "RSA",
    "information_imbalance": "information imbalance Δ",
    "id_correlation": "ID-correlation",
    "procrustes": "Procrustes similarity",
    "linear_predictivity": "linear predictivity R²",
    "id_twonn": "TwoNN",
    "id_mle": "MLE",
    "id_gride": "Gride",
}
CLOSER_IF_SMALLER = frozenset({"information_imbalance"})
HEADLINE = ("cknna", "mutual_knn", "cka_linear_unbiased", "dcor_sqr_unbiased", "dcor_sqr", "dcor")
"""The metric that words and orders rest on: the first of these that was computed."""


def title_of(metric: str, k: int | None = None) -> str:
    """Return a metric's name for people, with its k."""
    name = TITLES.get(metric, metric.replace("_", " "))
    return name if k is None else f"{name} (k = {k})"


def key_title(key: str) -> str:
    """Return the name of `metric` or `metric@k`."""
    metric, _, k = key.partition("@")
    return title_of(metric, int(k) if k else None)
