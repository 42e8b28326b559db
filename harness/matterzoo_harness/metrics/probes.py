"""Linear probes onto labels, and probe transfer: a probe of one model read through a map from another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from sklearn.linear_model import RidgeCV

from matterzoo_harness.metrics.errors import MetricError

ALPHAS = np.logspace(-6, 4, 11)
"""Ridge strengths tried, over the mean eigenvalue of the training moments."""

MAP_RIDGE = 1e-3
"""Ridge strength of the maps between models, on the same scale."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Probe:
    """A cross-validated linear probe.

    Attributes
    ----------
    r2
        Of the held-out predictions, over all folds; the mean over columns for labels of several columns.
    mae
        Mean absolute error, in the label's unit.
    predictions
        [N] or [N, q], each record predicted by a probe that did not see it.
    alphas
        The strength chosen in each outer fold.
    records
        Records with a finite label.
    """

    r2: float
    mae: float
    predictions: Floats
    alphas: tuple[float, ...]
    records: int


def probe(embedding: NDArray[Any], label: NDArray[Any], *, folds: int = 5, seed: int = 0) -> Probe:
    """Fit a ridge probe with nested cross-validation.

    The strength is chosen inside each training set by leave-one-out (generalised cross-validation), and the held-out
    fold is seen by neither the choice nor the fit nor the centring.

    Parameters
    ----------
    embedding
        [N, d].
    label
        [N] or [N, q]; records with a NaN are left out.
    folds
        Outer folds.
    seed
        Of the permutation that makes them.

    Raises
    ------
    MetricError
        For fewer than 2·folds labelled records, or a label that does not vary.
    """
    x, y, keep = _labelled([embedding], label, folds)
    predictions, alphas = np.empty_like(y), []
    for train, test in _folds(len(y), folds, seed):
        model, alpha = _fit(x[0][train], y[train])
        predictions[test] = model.predict(x[0][test]).reshape(len(test), -1)
        alphas.append(alpha)
    full = np.full((len(keep), y.shape[1]), np.nan)
    full[keep] = predictions
    shown = full[:, 0] if np.ndim(label) == 1 else full
    return Probe(_r2(y, predictions), float(np.abs(y - predictions).mean()), shown, tuple(alphas), len(y))


def transfer(embeddings: Sequence[NDArray[Any]], label: NDArray[Any], *, folds: int = 5, seed: int = 0) -> Floats:
    """Compute the held-out R² of every model's probe read through a ridge map from every other model.

    Parameters
    ----------
    embeddings
        M arrays [N, d_m] of the same records in the same order.
    label
        [N] or [N, q].
    folds, seed
        See `probe`.

    Returns
    -------
    Floats
        [M, M]: row A trained the probe, column B is what it is read through. The diagonal is mapped onto itself.

    Notes
    -----
    With the map W = (X_BᵀX_B + λ)⁻¹X_BᵀX_A and the probe w_A, the prediction is
    X_B W w_A = X_B (X_BᵀX_B + λ)⁻¹ X_Bᵀ f_A, where f_A are the probe's fitted values: one factorisation a model
    with M·q right-hand sides, not M² maps.
    """
    xs, y, _ = _labelled(embeddings, label, folds)
    models, columns = len(xs), y.shape[1]
    predictions = np.empty((models, models, *y.shape))
    for train, test in _folds(len(y), folds, seed):
        fitted = np.hstack([_fit(x[train], y[train])[0].predict(x[train]).reshape(len(train), -1) for x in xs])
        mean = fitted.mean(0)
        for b, x in enumerate(xs):
            centre = x[train].mean(0)
            inputs = x[train] - centre
            moments = inputs.T @ inputs
            moments[np.diag_indices_from(moments)] += MAP_RIDGE * np.trace(moments) / len(moments)
            weights = cho_solve(cho_factor(moments), inputs.T @ (fitted - mean))
            read = (x[test] - centre) @ weights + mean
            predictions[:, b, test] = read.reshape(len(test), models, columns).transpose(1, 0, 2)
    return np.array([[_r2(y, predictions[a, b]) for b in range(models)] for a in range(models)])


def _fit(x: Floats, y: Floats) -> tuple[RidgeCV, float]:
    scale = float(np.square(x - x.mean(0)).sum() / x.shape[1])
    model = RidgeCV(alphas=ALPHAS * scale).fit(x, y)
    return model, float(model.alpha_ / scale)


def _folds(records: int, folds: int, seed: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    order = np.random.default_rng(seed).permutation(records)
    return [(np.setdiff1d(order, piece), piece) for piece in np.array_split(order, folds)]


def _labelled(
    embeddings: Sequence[NDArray[Any]], label: NDArray[Any], folds: int
) -> tuple[list[Floats], Floats, NDArray[np.bool_]]:
    y = np.asarray(label, dtype=np.float64)
    y = y[:, None] if y.ndim == 1 else y
    keep: NDArray[np.bool_] = np.asarray(np.isfinite(y).all(1))
    for x in embeddings:
        if len(x) != len(y):
            raise MetricError(f"{len(x)} embeddings and {len(y)} labels", "labels are joined to records by id first")
    if keep.sum() < 2 * folds:
        raise MetricError(f"{int(keep.sum())} labelled records are too few for {folds} folds")
    if not np.ptp(y[keep], axis=0).any():
        raise MetricError("the label is the same for all records")
    return [np.asarray(x, dtype=np.float64)[keep] for x in embeddings], y[keep], keep


def _r2(y: Floats, predictions: Floats) -> float:
    """R² a column, averaged over the columns that vary."""
    total = np.square(y - y.mean(0)).sum(0)
    varies = total > 0
    return float(np.mean(1 - np.square(y - predictions).sum(0)[varies] / total[varies]))
