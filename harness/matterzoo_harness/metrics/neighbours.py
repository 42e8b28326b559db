"""Exact nearest neighbours: candidates from the tile, order from float64, a certificate for what was not looked at."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from matterzoo_harness.metrics.numerics import ordered, pieces, smallest
from matterzoo_harness.metrics.sweep import Pass, Strip
from matterzoo_harness.metrics.views import Features

MARGIN = 6
_BUDGET = 1 << 25
"""Numbers of float64 scratch that a direct recomputation may use at once."""


@dataclass(frozen=True)
class Graph:
    """Nearest neighbours of every record in one model, nearest first, equal scores by record number.

    Attributes
    ----------
    index
        [N, K] int64.
    score
        [N, K] float64: squared distance, or minus the inner product where that orders the neighbours.
    """

    index: Tensor
    score: Tensor


class Neighbours(Pass):
    """The K nearest neighbours of every record in every model.

    Parameters
    ----------
    features
        One a model.
    count
        K ≤ N − 1.
    keep
        How many of them the result holds (later passes of the same sweep see all K).
    inner
        Order by inner product (largest first) in place of distance.
    """

    def __init__(self, features: list[Features], count: int, keep: int | None = None, *, inner: bool = False) -> None:
        super().__init__()
        models, records, device = len(features), len(features[0].source), features[0].tile.device
        self.count, self.keep, self.inner = count, count if keep is None else keep, inner
        self.rows["index"] = torch.zeros(models, records, self.keep, dtype=torch.int32, device=device)
        self.rows["score"] = torch.zeros(models, records, self.keep, dtype=torch.float64, device=device)
        for name in ("retried", "recomputed", "ties"):
            self.sums[name] = torch.zeros(models, dtype=torch.int64, device=device)

    def strip(self, strip: Strip) -> None:
        """Find the neighbours of the strip's rows; leave them for later passes."""
        found = []
        for m, model in enumerate(strip.features):
            score = self._score(strip, m) if self.inner else strip.tile[m]
            values, columns = self._search(score, strip, model, m)
            self.rows["index"][m, strip.start : strip.stop] = columns[:, : self.keep].to(torch.int32)
            self.rows["score"][m, strip.start : strip.stop] = values[:, : self.keep]
            found.append(columns)
        strip.neighbours["inner" if self.inner else "distance"] = torch.stack(found)

    def graphs(self) -> list[Graph]:
        """One graph a model, once all strips are in."""
        return [Graph(i.long(), s) for i, s in zip(self.rows["index"], self.rows["score"], strict=True)]

    def _score(self, strip: Strip, m: int) -> Tensor:
        """Minus the uncentred inner product, up to a constant a row: d²/2 − |y_j|²/2 − y_j·μ; self stays +inf."""
        model, out = strip.features[m], strip.work[m]
        return torch.mul(strip.tile[m], 0.5, out=out).sub_(model.square / 2 + model.drift)

    def _search(self, score: Tensor, strip: Strip, model: Features, m: int) -> tuple[Tensor, Tensor]:
        others = score.shape[1] - 1
        width = min(self.count + MARGIN, others)
        values, columns, certain = self._candidates(score, strip.rows, width, model)
        wrong = torch.nonzero(~certain)[:, 0]
        if len(wrong):
            self.sums["retried"][m] += len(wrong)
            again = self._candidates(score[wrong], strip.rows[wrong], min(4 * width, others), model)
            values[wrong], columns[wrong], certain[wrong] = again
            wrong = torch.nonzero(~certain)[:, 0]
        if len(wrong):
            self.sums["recomputed"][m] += len(wrong)
            values[wrong], columns[wrong] = self._all(strip.rows[wrong], model)
        if others > self.count:
            self.sums["ties"][m] += (values[:, self.count] == values[:, self.count - 1]).sum()
        return values[:, : self.count], columns[:, : self.count]

    def _candidates(self, score: Tensor, rows: Tensor, width: int, model: Features) -> tuple[Tensor, Tensor, Tensor]:
        """Best `count` + 1 of `width` candidates by float64 score, and whether no other record can be among them."""
        approximate, columns = smallest(score, width)
        last = approximate.amax(1).double()
        exact, columns = ordered(self._exact(rows, columns, model), columns)
        kept = min(self.count + 1, width)
        if width == score.shape[1] - 1:
            certain = torch.ones(len(rows), dtype=torch.bool, device=score.device)
        else:
            certain = self._level(exact[:, self.count - 1], rows, model) < last - self._error(rows, last, model)
        return exact[:, :kept], columns[:, :kept], certain

    def _level(self, exact: Tensor, rows: Tensor, model: Features) -> Tensor:
        """Return the exact score on the scale of `_score`: −x_i·x_j = score − |y_i|²/2 − y_i·μ − |μ|²."""
        if not self.inner:
            return exact
        return exact + model.square[rows].double() / 2 + model.drift[rows].double() + model.offset

    def _error(self, rows: Tensor, level: Tensor, model: Features) -> Tensor:
        own = model.square[rows].double()
        if self.inner:
            return model.bound * (own + model.square.max().double() + 2 * model.drift.abs().max().double())
        return model.bound * (3 * own + 2 * level)

    def _exact(self, rows: Tensor, columns: Tensor, model: Features) -> Tensor:
        height = max(1, _BUDGET // (columns.shape[1] * model.source.shape[1]))
        function = model.inner if self.inner else model.exact
        parts = [function(r, c) for r, c in zip(pieces(rows, height), pieces(columns, height), strict=True)]
        value = torch.cat(parts)
        return -value if self.inner else value

    def _all(self, rows: Tensor, model: Features) -> tuple[Tensor, Tensor]:
        """Order all other records of `rows` directly in float64."""
        records = len(model.source)
        everyone = torch.arange(records, device=rows.device)
        kept = min(self.count + 1, records - 1)
        best_values, best_columns = [], []
        for row in pieces(rows, 1):
            parts = pieces(everyone, max(1, _BUDGET // model.source.shape[1]))
            value = torch.cat([self._exact(row, part[None], model)[0] for part in parts])
            value[row] = torch.inf
            values, columns = value.sort(stable=True)
            best_values.append(values[:kept])
            best_columns.append(columns[:kept])
        return torch.stack(best_values), torch.stack(best_columns)
