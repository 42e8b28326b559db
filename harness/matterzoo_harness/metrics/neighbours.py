"""Exact nearest neighbours: candidates from the tile, order from float64, a certificate for what was not looked at."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from matterzoo_harness.metrics.numerics import ordered, pieces, scratch, smallest
from matterzoo_harness.metrics.orders import Order
from matterzoo_harness.metrics.sweep import Pass, Strip

MARGIN = 6
"""Candidates beyond the k-th: enough for every row of the hardest data tried; rows for which it is not are retried."""


@dataclass(frozen=True)
class Graph:
    """Nearest neighbours of every record in one model, nearest first, equal scores by record number.

    Attributes
    ----------
    index
        [N, K] int64.
    score
        [N, K] float64, the exact score of the order: squared distance, or minus the inner product.
    """

    index: Tensor
    score: Tensor


class Neighbours(Pass):
    """The K nearest neighbours of every record in every model.

    Parameters
    ----------
    order
        What near means.
    shape
        M and N.
    count
        K ≤ N − 1.
    keep
        How many of them the result holds (later passes of the same sweep see all K).
    name
        Under which later passes find the strip's neighbours.
    """

    def __init__(
        self,
        order: Order,
        shape: tuple[int, int],
        count: int,
        keep: int | None = None,
        *,
        name: str = "distance",
        device: torch.device | None = None,
    ) -> None:
        super().__init__()
        self.order, self.count, self.name = order, count, name
        self.keep = count if keep is None else keep
        self.rows["index"] = torch.zeros(*shape, self.keep, dtype=torch.int32, device=device)
        self.rows["score"] = torch.zeros(*shape, self.keep, dtype=torch.float64, device=device)
        for each in ("retried", "recomputed", "ties"):
            self.sums[each] = torch.zeros(shape[0], dtype=torch.int64, device=device)

    def strip(self, strip: Strip) -> None:
        """Find the neighbours of the strip's rows; leave them for later passes."""
        found = []
        for m in range(len(strip.features)):
            values, columns = self._search(self.order.score(strip, m), strip.rows, m)
            self.rows["index"][m, strip.start : strip.stop] = columns[:, : self.keep].to(torch.int32)
            self.rows["score"][m, strip.start : strip.stop] = values[:, : self.keep]
            found.append(columns)
        strip.neighbours[self.name] = torch.stack(found)

    def graphs(self) -> list[Graph]:
        """Return one graph a model, once all strips are in."""
        return [Graph(i.long(), s) for i, s in zip(self.rows["index"], self.rows["score"], strict=True)]

    def _search(self, score: Tensor, rows: Tensor, m: int) -> tuple[Tensor, Tensor]:
        others = score.shape[1] - 1
        width = min(self.count + MARGIN, others)
        values, columns, certain = self._candidates(score, rows, width, m)
        wrong = torch.nonzero(~certain)[:, 0]
        if len(wrong):
            self.sums["retried"][m] += len(wrong)
            again = self._candidates(score[wrong], rows[wrong], min(4 * width, others), m)
            values[wrong], columns[wrong], certain[wrong] = again
            wrong = torch.nonzero(~certain)[:, 0]
        if len(wrong):
            self.sums["recomputed"][m] += len(wrong)
            values[wrong], columns[wrong] = self._all(rows[wrong], score.shape[1], m)
        if others > self.count:
            self.sums["ties"][m] += (values[:, self.count] == values[:, self.count - 1]).sum()
        return values[:, : self.count], columns[:, : self.count]

    def _candidates(self, score: Tensor, rows: Tensor, width: int, m: int) -> tuple[Tensor, Tensor, Tensor]:
        """Best `count` + 1 of `width` candidates by float64 score, and whether no other record can be among them."""
        approximate, columns = smallest(score, width)
        exact, columns = ordered(self._exact(rows, columns, m), columns)
        kept = min(self.count + 1, width)
        if width == score.shape[1] - 1:
            certain = torch.ones(len(rows), dtype=torch.bool, device=score.device)
        else:
            last = approximate.amax(1).double()
            certain = self.order.level(m, rows, exact[:, self.count - 1]) < last - self.order.error(m, rows, last)
        return exact[:, :kept], columns[:, :kept], certain

    def _exact(self, rows: Tensor, columns: Tensor, m: int) -> Tensor:
        height = max(1, scratch(rows.device) // (columns.shape[1] * self.order.width(m)))
        parts = zip(pieces(rows, height), pieces(columns, height), strict=True)
        return torch.cat([self.order.exact(m, r, c) for r, c in parts])

    def _all(self, rows: Tensor, records: int, m: int) -> tuple[Tensor, Tensor]:
        """Order all other records of `rows` directly in float64."""
        everyone = torch.arange(records, device=rows.device)
        kept = min(self.count + 1, records - 1)
        best_values, best_columns = [], []
        for row in pieces(rows, 1):
            parts = pieces(everyone, max(1, scratch(rows.device) // self.order.width(m)))
            value = torch.cat([self._exact(row, part[None], m)[0] for part in parts])
            value[row] = torch.inf
            values, columns = value.sort(stable=True)
            best_values.append(values[:kept])
            best_columns.append(columns[:kept])
        return torch.stack(best_values), torch.stack(best_columns)
