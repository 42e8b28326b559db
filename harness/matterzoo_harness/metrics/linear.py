"""Pairs of models as linear maps: Procrustes similarity and linear predictivity, from d×d moments."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import torch
from torch import Tensor

from matterzoo_harness.metrics.numerics import CHUNK, one_thread, pieces
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
    models, on_cpu = len(features), features[0].tile.device.type == "cpu"
    value = torch.ones(models, models, dtype=torch.float64)
    norms = [float(f.tile.double().square().sum().sqrt()) for f in features]
    # A GPU makes one decomposition after the other; the cores of its host make one each.
    with nullcontext() if on_cpu else one_thread(), ThreadPoolExecutor(1 if on_cpu else os.cpu_count()) as cores:
        each = map if on_cpu else cores.map
        for a in range(models):
            grams = [_smaller_gram(cross_moment(features[a].tile, other.tile)) for other in features[a + 1 :]]
            for b, nuclear in enumerate(each(_nuclear, grams), start=a + 1):
                value[a, b] = value[b, a] = nuclear / (norms[a] * norms[b])
    return value


def _smaller_gram(moment: Tensor) -> Tensor:
    tall = moment if moment.shape[0] >= moment.shape[1] else moment.T
    return (tall.T @ tall).cpu()


def _nuclear(gram: Tensor) -> float:
    return float(torch.linalg.eigvalsh(gram).clamp(min=0).sqrt().sum())


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
