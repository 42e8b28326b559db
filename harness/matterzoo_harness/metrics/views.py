"""Views: the preprocessing under which an estimator looks at an embedding.

Every view is y_i = ((x_i·ρ_i) − μ)·κ / s with row factors ρ, column mean μ, column factors κ and one scale s. The tile
arithmetic uses y in the tile's precision; distances that decide anything are recomputed from x in float64.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from matterzoo_harness.metrics.numerics import Precision

VIEWS = ("raw", "l2", "z", "rowmax")
_ROWS = 8192


@dataclass(frozen=True)
class Features:
    """One model under one view.

    Attributes
    ----------
    source
        [N, d] the embedding as given.
    row, column
        Factors ρ [N] and κ [d], float64; None where they are one.
    scale
        The scale s: distances of the view are those of (x·ρ)·κ over s.
    tile
        [N, d] centred features in the tile's precision.
    square
        [N] their squared norms, in the tile's precision.
    drift
        [N] (y_i)·(μκ/s): what centring took from an inner product, see `inner`.
    offset
        |μκ/s|².
    bound
        Relative error of a tile's squared distance.
    """

    source: Tensor
    row: Tensor | None
    column: Tensor | None
    scale: float
    tile: Tensor
    square: Tensor
    drift: Tensor
    offset: float
    bound: float

    def exact(self, rows: Tensor, columns: Tensor) -> Tensor:
        """Squared distances between `rows` [b] and `columns` [b, K] of records: float64, by direct difference.

        The difference of equal records is exactly zero, which no expansion into inner products gives.
        """
        left, right = self._pick(rows)[:, None], self._pick(columns)
        return right.sub_(left).square_().sum(-1) / self.scale**2

    def inner(self, rows: Tensor, columns: Tensor) -> Tensor:
        """Inner products of the view before centring, float64, shapes as in `exact`."""
        return torch.einsum("bd,bkd->bk", self._pick(rows), self._pick(columns)) / self.scale**2

    def _pick(self, records: Tensor) -> Tensor:
        values = self.source[records].to(torch.float64)
        if self.row is not None:
            values *= self.row[records][..., None]
        if self.column is not None:
            values *= self.column
        return values


def view(name: str, source: Tensor, precision: Precision) -> Features:
    """Build the features of one model under one view.

    Parameters
    ----------
    name
        `raw`: centred columns over the rms norm. `l2`: rows of unit norm, then centred. `z`: columns of zero
        mean and unit
        standard deviation (ddof 1, + 1e-9). `rowmax`: rows over their largest absolute element, then centred.
    source
        [N, d] floating, finite, not constant.
    precision
        Of the tile.
    """
    row = row_factors(name, source)
    mean, variance = _moments(source, row)
    column = 1.0 / (variance.sqrt() + 1e-9) if name == "z" else None
    scale = float((variance.sum() * (len(source) - 1) / len(source)).sqrt()) if name == "raw" else 1.0
    factors = column if column is not None else torch.ones_like(mean)
    tile = torch.empty(source.shape, dtype=precision.dtype, device=source.device)
    square = torch.empty(len(source), dtype=torch.float64, device=source.device)
    drift = torch.empty_like(square)
    offset = mean * factors / scale
    for start in range(0, len(source), _ROWS):
        part = slice(start, start + _ROWS)
        centred = (_scaled(source, row, part) - mean) * factors / scale
        tile[part] = centred.to(precision.dtype)
        square[part] = centred.square().sum(1)
        drift[part] = centred @ offset
    return Features(
        source,
        row,
        column,
        scale,
        tile,
        square.to(precision.dtype),
        drift.to(precision.dtype),
        float(offset.square().sum()),
        precision.bound(source.shape[1]),
    )


def row_factors(name: str, source: Tensor) -> Tensor | None:
    """Return the row factors ρ [N] of a view, float64, or None where they are one."""
    if name in ("raw", "z"):
        return None
    parts = [_row_norm(name, source[start : start + _ROWS]) for start in range(0, len(source), _ROWS)]
    return 1.0 / torch.cat(parts)


def _row_norm(name: str, rows: Tensor) -> Tensor:
    values = rows.to(torch.float64)
    return values.norm(dim=1) if name == "l2" else values.abs().amax(1)


def _scaled(source: Tensor, row: Tensor | None, part: slice) -> Tensor:
    values = source[part].to(torch.float64)
    return values if row is None else values * row[part, None]


def _moments(source: Tensor, row: Tensor | None) -> tuple[Tensor, Tensor]:
    """Column means and variances (ddof 1), two passes in float64."""
    count = len(source)
    total = torch.zeros(source.shape[1], dtype=torch.float64, device=source.device)
    for start in range(0, count, _ROWS):
        total += _scaled(source, row, slice(start, start + _ROWS)).sum(0)
    mean = total / count
    spread = torch.zeros_like(total)
    for start in range(0, count, _ROWS):
        spread += (_scaled(source, row, slice(start, start + _ROWS)) - mean).square().sum(0)
    return mean, spread / (count - 1)
