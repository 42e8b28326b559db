"""What "near" means to a neighbour search: a score from the tile, its error, and the same score in float64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor

from matterzoo_harness.metrics.sweep import Strip
from matterzoo_harness.metrics.views import Features, row_factors


class Order(Protocol):
    """An order of the records around each record; smaller scores are nearer."""

    def score(self, strip: Strip, m: int) -> Tensor:
        """Return the scores [b, N] of the strip in the tile's precision; self is +inf. May use `strip.work[m]`."""

    def exact(self, m: int, rows: Tensor, columns: Tensor) -> Tensor:
        """Return float64 scores of `rows` [b] and `columns` [b, K], on a scale of their own."""

    def level(self, m: int, rows: Tensor, exact: Tensor) -> Tensor:
        """Bring exact scores [b] of `rows` to the scale of `score`."""

    def error(self, m: int, rows: Tensor, level: Tensor) -> Tensor:
        """Return how far a tile's score near `level` [b] may be off, [b]."""

    def width(self, m: int) -> int:
        """Return the number of columns of the model, which is what a direct recomputation costs."""


class ByDistance:
    """Euclidean distance of the view; the exact score is the squared distance."""

    def __init__(self, features: Sequence[Features]) -> None:
        self.features = features

    def score(self, strip: Strip, m: int) -> Tensor:
        """Return the tile."""
        return strip.tile[m]

    def exact(self, m: int, rows: Tensor, columns: Tensor) -> Tensor:
        """Return squared distances by direct difference."""
        return self.features[m].exact(rows, columns)

    def level(self, m: int, rows: Tensor, exact: Tensor) -> Tensor:
        """Return `exact`: the scales agree."""
        del m, rows
        return exact

    def error(self, m: int, rows: Tensor, level: Tensor) -> Tensor:
        """Bound the tile by its inputs: |y_j|² ≤ 2|y_i|² + 2d², so that far records do not widen it."""
        return self.features[m].bound * (3 * self.features[m].square[rows].double() + 2 * level)

    def width(self, m: int) -> int:
        """Return d."""
        return int(self.features[m].source.shape[1])


class ByInner(ByDistance):
    """Inner product before centring, largest first; the exact score is its negative.

    −x_i·x_j = (d²/2 − |y_j|²/2 − y_j·μ) − |y_i|²/2 − y_i·μ − |μ|²; the tile's score is what is in brackets.
    """

    def score(self, strip: Strip, m: int) -> Tensor:
        """Return the part of minus the inner product that differs within a row."""
        model = self.features[m]
        return torch.mul(strip.tile[m], 0.5, out=strip.work[m]).sub_(model.square / 2 + model.drift)

    def exact(self, m: int, rows: Tensor, columns: Tensor) -> Tensor:
        """Return minus the inner products."""
        return -self.features[m].inner(rows, columns)

    def level(self, m: int, rows: Tensor, exact: Tensor) -> Tensor:
        """Take off what is constant in a row."""
        model = self.features[m]
        return exact + model.square[rows].double() / 2 + model.drift[rows].double() + model.offset

    def error(self, m: int, rows: Tensor, level: Tensor) -> Tensor:
        """Bound the tile and the correction for centring."""
        del level
        model = self.features[m]
        far = model.square.max().double() + 2 * model.drift.abs().max().double()
        return model.bound * (model.square[rows].double() + far)


class ByCosine(ByDistance):
    """Distance of the L2 view, read off the raw view's tile: −2 x_i·x_j = d² − |x_i|² − |x_j|².

    It saves the L2 view its own matrix products. The exact score is the squared distance of the L2 view; the tile's is
    (d² − |x_i|² − |x_j|²)/|x_j| = (d²_L2 − 2)·|x_i|.
    """

    def __init__(self, features: Sequence[Features]) -> None:
        super().__init__(features)
        self.turned = [replace(f, row=row_factors("l2", f.source), scale=1.0) for f in features]
        self.norms = [(1.0 / _rows(t)) / f.scale for t, f in zip(self.turned, features, strict=True)]

    def score(self, strip: Strip, m: int) -> Tensor:
        """Return minus twice the cosine, times the norm of the row."""
        norm = self.norms[m]
        square = norm.square().to(strip.tile.dtype)
        out = torch.sub(strip.tile[m], square, out=strip.work[m])
        out.sub_(square[strip.start : strip.stop, None])
        return out.mul_((1.0 / norm).to(strip.tile.dtype))

    def exact(self, m: int, rows: Tensor, columns: Tensor) -> Tensor:
        """Return squared distances of rows of unit norm."""
        return self.turned[m].exact(rows, columns)

    def level(self, m: int, rows: Tensor, exact: Tensor) -> Tensor:
        """Undo the norm of the column, not that of the row."""
        return (exact - 2) * self.norms[m][rows]

    def error(self, m: int, rows: Tensor, level: Tensor) -> Tensor:
        """Bound the tile and the sums of norms, over the shortest column."""
        del level
        model, norm = self.features[m], self.norms[m]
        unit = 2.0 ** (-24 if model.tile.dtype == torch.float32 else -53)
        short = 1.0 / norm.min()
        near = model.bound * (model.square[rows].double() * short + (model.square.double() / norm).max())
        return near + 8 * unit * (norm[rows].square() * short + norm.max())

    def sound(self) -> bool:
        """Say whether no model lies so far off the origin, or has rows so short, that too few digits would be left."""
        return all(f.offset <= 8 and float(n.min()) >= 0.1 for f, n in zip(self.features, self.norms, strict=True))


def _rows(features: Features) -> Tensor:
    assert features.row is not None
    return features.row
