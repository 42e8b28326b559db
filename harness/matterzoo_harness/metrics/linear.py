"""Pairs of models as linear maps: Procrustes similarity and linear predictivity, from d×d moments."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from matterzoo_harness.metrics.numerics import CHUNK, pieces
from matterzoo_harness.metrics.views import Features

FOLDS = 5
RIDGE = 1e-3
"""Ridge strength over the mean eigenvalue of the predictor's covariance."""


def cross_moment(left: Tensor, right: Tensor) -> Tensor:
    """XᵀY in chunks of `CHUNK` rows that are added in float64. [d_x, d_y]."""
    total = torch.zeros(left.shape[1], right.shape[1], dtype=torch.float64, device=left.device)
    for x, y in zip(pieces(left, CHUNK), pieces(right, CHUNK), strict=True):
        total += x.T @ y
    return total


def procrustes(features: Sequence[Features]) -> Tensor:
    """Orthogonal Procrustes similarity ‖X_AᵀX_B‖_* / (‖X_A‖_F ‖X_B‖_F) of centred embeddings, in 0 … 1. [M, M].

    Its arccos is the angular distance of netrep, √(2 − 2·value) the Euclidean one of resi. Singular values are
    the roots of the eigenvalues of the smaller Gram matrix of XᵀY.
    """
    models = len(features)
    value = torch.ones(models, models, dtype=torch.float64)
    norms = [float(f.tile.double().square().sum().sqrt()) for f in features]
    for a in range(models):
        for b in range(a + 1, models):
            moment = cross_moment(features[a].tile, features[b].tile)
            moment = moment if moment.shape[0] >= moment.shape[1] else moment.T
            nuclear = torch.linalg.eigvalsh(moment.T @ moment).clamp_(min=0).sqrt().sum()
            value[a, b] = value[b, a] = float(nuclear) / (norms[a] * norms[b])
    return value


def linear_predictivity(
    features: Sequence[Features], order: Tensor, folds: int = FOLDS, ridge: float = RIDGE
) -> Tensor:
    """Cross-validated R² of a ridge map from one model onto all columns of another; [M, M], row predicts column.

    Parameters
    ----------
    features
        One a model, centred.
    order
        [N] a permutation of the records: the folds are its equal pieces.
    folds
        Number of folds.
    ridge
        See `RIDGE`.

    Notes
    -----
    The moments of a training set are those of all records less those of the fold. With C the moments and W the ridge
    map, the error on a fold is tr(C_BB) − 2 tr(WᵀC_AB) + tr(WᵀC_AA W) of that fold; columns are centred over
    all records.
    """
    models, device = len(features), features[0].tile.device
    pieces = [piece.to(device) for piece in order.tensor_split(folds)]
    error = torch.zeros(models, models, dtype=torch.float64, device=device)
    power = torch.stack([f.tile.double().square().sum() for f in features])
    for a, source in enumerate(features):
        own = [cross_moment(source.tile[p], source.tile[p]) for p in pieces]
        total = torch.stack(own).sum(0)
        eye = torch.eye(len(total), dtype=torch.float64, device=device)
        strength = ridge * total.diagonal().mean()
        factors = [torch.linalg.cholesky(total - part + strength * eye) for part in own]
        for b, target in enumerate(features):
            cross = own if a == b else [cross_moment(source.tile[p], target.tile[p]) for p in pieces]
            whole = torch.stack(cross).sum(0)
            for factor, part, mixed, piece in zip(factors, own, cross, pieces, strict=True):
                weights = torch.cholesky_solve(whole - mixed, factor)
                held = target.tile[piece].double().square().sum()
                error[a, b] += held - 2 * (weights * mixed).sum() + (weights * (part @ weights)).sum()
    return 1.0 - error / power
