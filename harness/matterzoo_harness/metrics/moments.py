"""Moment sums of pairwise channels, and the estimators that are functions of them.

HSIC, distance covariance and RSA all need Σ_ij V_a(i,j) V_b(i,j), the row sums and the total, nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from matterzoo_harness.metrics.numerics import outer_sums, row_sums
from matterzoo_harness.metrics.sweep import Pass, Strip, to_squared_distances
from matterzoo_harness.metrics.views import Features

SAMPLE = 512


@dataclass(frozen=True)
class Sums:
    """Off-diagonal moment sums of M channels that were shifted by one constant each.

    Attributes
    ----------
    products
        S [M, M], Σ_{i≠j} V_a V_b.
    rows
        r [M, N], Σ_{j≠i} V_a(i, j).
    diagonal
        [M, N], V_a(i, i) after the same shift.
    shift
        [M], what was subtracted.
    """

    products: Tensor
    rows: Tensor
    diagonal: Tensor
    shift: Tensor


class Moments(Pass):
    """Accumulate the moment sums of one channel.

    Parameters
    ----------
    channel
        `gram` (inner products of centred features), `distance` (Euclidean) or `rbf` (exp(−d²/2σ²)).
    features
        One a model.
    sigma
        [M] widths of the RBF kernel in units of the view.
    """

    def __init__(self, channel: str, features: list[Features], sigma: Tensor | None = None) -> None:
        super().__init__()
        self.channel = channel
        self.stage = "gram" if channel == "gram" else "distance"
        self.sigma = sigma
        device, models = features[0].tile.device, len(features)
        self.shift = torch.stack([self._typical(model, m) for m, model in enumerate(features)])
        self.sums["products"] = torch.zeros(models, models, dtype=torch.float64, device=device)
        self.rows["rows"] = torch.zeros(models, len(features[0].source), dtype=torch.float64, device=device)
        if channel == "gram":
            self.diagonal = torch.stack([_exact_norms(f) for f in features]) - self.shift.double()[:, None]
        else:
            self.diagonal = (0.0 if channel == "distance" else 1.0) - self.shift.double()[:, None].expand(
                -1, len(features[0].source)
            )

    def strip(self, strip: Strip) -> None:
        """Add Σ V_a V_b of the strip and write its row sums."""
        for m, (tile, out) in enumerate(zip(strip.tile, strip.work, strict=True)):
            self._channel(tile, m, out)
            out.sub_(self.shift[m])
            out.diagonal(offset=strip.start).zero_()
        self.sums["products"] += outer_sums(strip.work.view(len(strip.work), -1))
        self.rows["rows"][:, strip.start : strip.stop] = row_sums(strip.work)

    def result(self) -> Sums:
        """Return the sums, once all strips are in."""
        return Sums(self.sums["products"], self.rows["rows"], self.diagonal, self.shift.double())

    def _channel(self, tile: Tensor, model: int, out: Tensor) -> None:
        if self.channel == "gram":
            out.copy_(tile)
        elif self.channel == "distance":
            torch.sqrt(tile, out=out)
        else:
            assert self.sigma is not None
            torch.mul(tile, float(-0.5 / self.sigma[model] ** 2), out=out).exp_()

    def _typical(self, model: Features, number: int) -> Tensor:
        """Mean of the channel over a sample; any constant is exact, a near one keeps the sums small."""
        tile = sample_tile(model, distances=self.channel != "gram")
        out = torch.empty_like(tile)
        self._channel(tile, number, out)
        out.fill_diagonal_(0)
        return (out.double().sum() / (len(out) * (len(out) - 1))).to(tile.dtype)


def sample_tile(model: Features, *, distances: bool) -> Tensor:
    """Inner products or squared distances (self: +inf) among at most `SAMPLE` evenly spaced records."""
    count = len(model.source)
    picked = torch.linspace(0, count - 1, min(count, SAMPLE), device=model.tile.device).round().long()
    rows = model.tile[picked]
    tile = rows @ rows.T
    if distances:
        to_squared_distances(tile, model.square[picked], 0)
    return tile


def median_width(model: Features) -> float:
    """Square root of the median squared distance among the sample, in units of the view."""
    tile = sample_tile(model, distances=True)
    values = tile[torch.isfinite(tile) & (tile > 0)].double()
    return float(values.median().sqrt())


def hsic_unbiased(sums: Sums) -> Tensor:
    """Unbiased HSIC of all pairs (Song et al. 2012, eq. 5); for distances the bias-corrected dCov² (U-centring).

    [S − 2 Σ r_a r_b/(n−2) + t_a t_b/((n−1)(n−2))] / (n(n−3)); a common shift of the off-diagonal cancels. [M, M].
    """
    n = sums.rows.shape[1]
    totals = sums.rows.sum(1)
    cross = sums.rows @ sums.rows.T
    value = sums.products - 2 * cross / (n - 2) + torch.outer(totals, totals) / ((n - 1) * (n - 2))
    return value / (n * (n - 3))


def hsic_biased(sums: Sums) -> Tensor:
    """Biased HSIC over n² of all pairs; for distances the V-statistic dCov² (Székely et al. 2007).

    S/n² − 2 Σ r_a r_b/n³ + t_a t_b/n⁴ with the diagonal included; a common shift of all entries cancels. [M, M].
    """
    n = sums.rows.shape[1]
    rows = sums.rows + sums.diagonal
    totals = rows.sum(1)
    products = sums.products + sums.diagonal @ sums.diagonal.T
    return products / n**2 - 2 * (rows @ rows.T) / n**3 + torch.outer(totals, totals) / n**4


def normalised(covariance: Tensor, epsilon: float = 0.0) -> Tensor:
    """H_ab / (√(H_aa H_bb) + ε); NaN where a self term is not positive."""
    own = covariance.diagonal()
    own = torch.where(own > 0, own, torch.nan)
    return covariance / ((own[:, None] * own).sqrt() + epsilon)


def pearson(sums: Sums) -> Tensor:
    """Pearson correlation of the off-diagonal entries of all pairs of channels (RSA). [M, M]."""
    n = sums.rows.shape[1]
    totals = sums.rows.sum(1)
    return normalised(sums.products - torch.outer(totals, totals) / (n * (n - 1)))


def _exact_norms(model: Features) -> Tensor:
    return model.tile.double().square().sum(1)
