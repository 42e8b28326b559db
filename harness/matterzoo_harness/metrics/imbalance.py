"""Information imbalance (Glielmo et al. 2022): how far a neighbour in A is in B.

Δ_k(A→B) = 2/N · mean over records i and the k nearest j of i in A of the rank of j among the neighbours of i in B; the
nearest has rank 1. Identical spaces give (k+1)/N, independent ones 1. The ranks are exact: each comes from counting the
tile's row below the neighbour's own entry, and whatever the tile's error leaves open is decided in float64.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from matterzoo_harness.metrics.numerics import fused, pieces, scratch
from matterzoo_harness.metrics.sweep import Pass, Strip
from matterzoo_harness.metrics.views import Features

_BUDGET = 1 << 23

SORT_ABOVE = 256
"""Thresholds a row above which a GPU sorts the row too."""


class Ranks(Pass):
    """Sums of the ranks in B of the first k neighbours in A, for all ordered pairs and several k.

    Parameters
    ----------
    features
        One a model.
    counts
        The ks, increasing; the neighbour search before this pass must give at least the last one.
    ties
        `mid`: equal distances share their mean rank. `index`: the smaller record number comes first.
    """

    def __init__(self, features: list[Features], counts: Sequence[int], ties: str = "mid") -> None:
        super().__init__()
        models, device = len(features), features[0].tile.device
        self.counts, self.ties, self.records = tuple(counts), ties, len(features[0].source)
        shape = (len(self.counts), models, models)
        self.sums["ranks"] = torch.zeros(shape, dtype=torch.float64, device=device)
        self.sums["resolved"] = torch.zeros(models, dtype=torch.int64, device=device)

    def strip(self, strip: Strip) -> None:
        """Add the ranks of the strip's rows."""
        nearest = strip.neighbours["distance"][:, :, : self.counts[-1]]
        models, height, k = nearest.shape
        wanted = nearest.transpose(0, 1).reshape(height, models * k)
        for b, model in enumerate(strip.features):
            ranks = self._ranks(strip, wanted, model, b).view(height, models, k)
            for c, count in enumerate(self.counts):
                self.sums["ranks"][c, :, b] += ranks[:, :, :count].sum((0, 2))

    def result(self) -> Tensor:
        """Δ [len(counts), M, M]; row: the model whose neighbours are taken, column: the one they are ranked in."""
        counts = torch.tensor(self.counts, dtype=torch.float64, device=self.sums["ranks"].device)
        return 2.0 * self.sums["ranks"] / (counts[:, None, None] * self.records**2)

    def _ranks(self, strip: Strip, wanted: Tensor, model: Features, b: int) -> Tensor:
        tile = strip.tile[b]
        level = tile.gather(1, wanted)
        own = model.square[strip.start : strip.stop, None]
        far = torch.minimum(2 * (own + level), model.square.max())
        band = model.bound * (2 * own + model.square.gather(0, wanted.flatten()).view_as(wanted) + far)
        below, within = count_between(tile, level - band, level + band)
        ranks = below.double() + 1.0
        row, query = torch.nonzero(within > 1, as_tuple=True)
        if len(row):
            self.sums["resolved"][b] += len(row)
            ranks[row, query] += self._resolve(
                tile, row, wanted[row, query], level[row, query], band[row, query], strip.start, model
            )
        return ranks

    def _resolve(
        self, tile: Tensor, row: Tensor, neighbour: Tensor, level: Tensor, band: Tensor, start: int, model: Features
    ) -> Tensor:
        """Return what the entries within the band add to a rank, by float64 distances; [queries]."""
        height = max(1, _BUDGET // tile.shape[1])
        queries = zip(*(pieces(x, height) for x in (row, neighbour, level, band)), strict=True)
        return torch.cat([self._decide(tile, r, n, at, width, start, model) for r, n, at, width in queries])

    def _decide(
        self, tile: Tensor, row: Tensor, neighbour: Tensor, level: Tensor, band: Tensor, start: int, model: Features
    ) -> Tensor:
        values = tile[row]
        open_ = (values >= (level - band)[:, None]) & (values <= (level + band)[:, None])
        query, column = torch.nonzero(open_, as_tuple=True)
        reference = model.exact(row + start, neighbour[:, None])[:, 0]
        step = max(1, scratch(tile.device) // model.source.shape[1])
        added = torch.zeros(len(row), dtype=torch.float64, device=tile.device)
        for q, c in zip(pieces(query, step), pieces(column, step), strict=True):
            distance = model.exact(row[q] + start, c[:, None])[:, 0]
            equal = (distance == reference[q]) & (c != neighbour[q])
            weight = (distance < reference[q]).double()
            weight += 0.5 * equal if self.ties == "mid" else equal & (c < neighbour[q])
            added += torch.bincount(q, weights=weight, minlength=len(row))
        return added


def count_between(tile: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Entries of every row of the tile [b, N] below `low` [b, q], and from `low` to `high` inclusive; int64 [b, q]."""
    if tile.device.type == "cpu" or low.shape[1] > SORT_ABOVE:
        return _count_sorted(tile, low, high)
    return _count_compared(tile, low, high)


def _count_sorted(tile: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Sort each row and search: the cost hardly depends on how many thresholds there are."""
    on_cpu = tile.device.type == "cpu"  # numpy's sort is vectorised, thirty times as fast as torch's
    rows = torch.from_numpy(np.sort(tile.numpy(), axis=1)) if on_cpu else tile.sort(dim=1).values
    below = torch.searchsorted(rows, low.contiguous())
    return below, torch.searchsorted(rows, high.contiguous(), right=True) - below


def _count_compared(tile: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Compare each row with each threshold, fused into one kernel where torch can compile one."""
    step = max(1, (1 << 30) // tile.numel())  # bounds the memory where it cannot
    parts = [_compared(tile, low[:, q : q + step], high[:, q : q + step]) for q in range(0, low.shape[1], step)]
    below = torch.cat([part[0] for part in parts], dim=1)
    return below, torch.cat([part[1] for part in parts], dim=1) - below


@fused
def _compared(tile: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    below = (tile[:, None] < low[:, :, None]).sum(2)
    return below, (tile[:, None] <= high[:, :, None]).sum(2)
