"""Intrinsic-dimension correlation (Basile et al. 2025): how much smaller the joint dimension is than the sum.

I_AB is the TwoNN dimension of the columns of A and B side by side, each standardised; its squared distances are
d²_A + d²_B, so the joint neighbours of all pairs come from the tiles of the single models.
ID-correlation = (I_A + I_B − I_AB) / max(I_A, I_B).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from matterzoo_harness.metrics.dimension import log_ratios, two_nn
from matterzoo_harness.metrics.numerics import pieces, scratch, smallest, smallest_sums
from matterzoo_harness.metrics.sweep import Pass, Strip
from matterzoo_harness.metrics.views import Features

_TAKE = 3
_RETRY = 16


class JointPairs(Pass):
    """Squared distances to the two nearest records in every pair of models (A ≤ B) side by side.

    Pairs are numbered as `torch.triu_indices`; the pair (A, A) is A itself. Nearest candidates come from sums
    of tiles; the
    two smallest are certain where the third is above their error, and are recomputed in float64. Rows that are not
    certain get sixteen candidates, and if need be all of them.
    """

    def __init__(self, features: list[Features]) -> None:
        super().__init__()
        device, models = features[0].tile.device, len(features)
        self._known: tuple[int, Tensor] = -1, torch.empty(0)
        self.together = device.type != "cpu"  # a core's cache holds the sum of one pair, a GPU wants many at once
        self.pairs = torch.triu_indices(models, models, device=device).T
        shape = (len(self.pairs), len(features[0].source), 2)
        self.rows["squared"] = torch.zeros(shape, dtype=torch.float64, device=device)
        for name in ("retried", "recomputed"):
            self.sums[name] = torch.zeros(len(self.pairs), dtype=torch.int64, device=device)

    def strip(self, strip: Strip) -> None:
        """Find the joint neighbours of the strip's rows."""
        models, _, records = strip.tile.shape
        group = models if self.together else 1
        columns, certain = [], []
        for a in range(models):
            for first in range(a, models, group):
                values, found = self._nearest(strip, a, first, min(first + group, models), min(_TAKE, records - 1))
                values, order = values.sort(dim=2)
                columns.append(found.gather(2, order[:, :, :2]))
                certain.append(self._certain(values, strip, a, first))
        squared = self._exact(strip, torch.cat(columns)).sort(dim=2).values
        wrong = ~torch.cat(certain)
        for pair in torch.nonzero(wrong.any(1))[:, 0].tolist():
            row = torch.nonzero(wrong[pair])[:, 0]
            squared[pair, row] = self._again(strip, pair, row)
        self.rows["squared"][:, strip.start : strip.stop] = squared

    def _nearest(self, strip: Strip, a: int, first: int, stop: int, count: int) -> tuple[Tensor, Tensor]:
        """Candidates of the pairs of `a` with the models first … stop, [pairs, b, count]; (A, A) is A itself."""
        if self.together:
            values, found = smallest_sums(strip.tile[a], strip.tile[first:stop], count)
            if first == a:
                values[0] /= 2  # 2·d² has the order of d², and half of it is exact
            return values, found
        sums = strip.tile[a] if first == a else torch.add(strip.tile[first], strip.tile[a], out=strip.work[0])
        values, found = smallest(sums, count)
        return values[None], found[None]

    def _certain(self, values: Tensor, strip: Strip, a: int, first: int) -> Tensor:
        """Whether the second smallest of `values` [pairs, b, 3] is below the third by more than both may err."""
        if values.shape[2] == strip.tile.shape[2] - 1:
            return torch.ones(values.shape[:2], dtype=torch.bool, device=values.device)
        last = values[:, :, -1].double()
        stop = first + len(values)
        own = self._squares(strip)
        bound = torch.tensor([max(f.bound, strip.features[a].bound) for f in strip.features[first:stop]])
        error = bound.to(last).unsqueeze(1) * (3 * (own[first:stop] + own[a]) + 2 * last)
        return values[:, :, 1].double() < last - 2 * error

    def _squares(self, strip: Strip) -> Tensor:
        """Squared norms of the strip's rows in every model, [M, b] float64, made once a strip."""
        if self._known[0] != strip.start:
            rows = [f.square[strip.start : strip.stop] for f in strip.features]
            self._known = strip.start, torch.stack(rows).double()
        return self._known[1]

    def _exact(self, strip: Strip, chosen: Tensor) -> Tensor:
        """Float64 joint squared distances of the candidates [pairs, b, K], one gather a model."""
        total = torch.zeros(chosen.shape, dtype=torch.float64, device=chosen.device)
        for m, model in enumerate(strip.features):
            mine = torch.nonzero((self.pairs == m).any(1))[:, 0]
            wanted = chosen[mine].transpose(0, 1).flatten(1)
            height = max(1, scratch(wanted.device) // (wanted.shape[1] * model.source.shape[1]))
            parts = [model.exact(r, c) for r, c in zip(pieces(strip.rows, height), pieces(wanted, height), strict=True)]
            total[mine] += torch.cat(parts).view(len(strip.rows), len(mine), -1).transpose(0, 1)
        return total

    def _again(self, strip: Strip, pair: int, row: Tensor) -> Tensor:
        """Look again at the rows [w] that three candidates left open; [w, 2]."""
        self.sums["retried"][pair] += len(row)
        a, b = self.pairs[pair].tolist()
        joint = strip.tile[a][row] + strip.tile[b][row] if a != b else strip.tile[a][row]
        others = joint.shape[1] - 1
        values, columns = smallest(joint, min(_RETRY, others))
        exact = self._joint_exact(strip, row, columns, a, b).sort(dim=1).values[:, :2]
        if values.shape[1] == others:
            return exact
        last = values.amax(1).double()
        open_ = exact[:, 1] >= last - self._error(strip, a, b, last, row)
        for i in torch.nonzero(open_)[:, 0].tolist():
            self.sums["recomputed"][pair] += 1
            everyone = torch.nonzero(torch.isfinite(joint[i]))[:, 0]
            step = max(1, scratch(row.device) // sum(strip.features[m].source.shape[1] for m in (a, b)))
            parts = [self._joint_exact(strip, row[i : i + 1], c[None], a, b)[0] for c in pieces(everyone, step)]
            exact[i] = torch.cat(parts).topk(2, largest=False).values
        return exact

    def _joint_exact(self, strip: Strip, row: Tensor, columns: Tensor, a: int, b: int) -> Tensor:
        """Float64 joint squared distances of rows [w] of the strip and columns [w, K]."""
        total = strip.features[a].exact(row + strip.start, columns)
        return total if a == b else total + strip.features[b].exact(row + strip.start, columns)

    def _error(self, strip: Strip, a: int, b: int, last: Tensor, row: Tensor | slice) -> Tensor:
        """Bound a sum of two tiles near `last`, as `orders.ByDistance.error` does one."""
        own = last.new_zeros(())
        for m in {a, b}:
            own = own + strip.features[m].square[strip.start : strip.stop][row].double()
        return max(strip.features[m].bound for m in (a, b)) * (3 * own + 2 * last)

    def dimensions(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """TwoNN dimensions I_AB [M, M] (I_A on the diagonal) and the share of records left out, [M, M]."""
        models = int(self.pairs.max()) + 1
        value, dropped = np.empty((models, models)), np.empty((models, models))
        for (a, b), squared in zip(self.pairs.tolist(), self.rows["squared"].cpu().numpy(), strict=True):
            logs, share = log_ratios(squared[:, 0], squared[:, 1], drop_equal=True)
            value[a, b] = value[b, a] = two_nn(logs) if share <= 0.5 else np.nan
            dropped[a, b] = dropped[b, a] = share
        return value, dropped


def correlation(joint: NDArray[np.float64]) -> NDArray[np.float64]:
    """ID-correlation of all pairs from I_AB [M, M] with I_A on its diagonal."""
    own = np.diagonal(joint)
    value: NDArray[np.float64] = (own[:, None] + own - joint) / np.maximum(own[:, None], own)
    return value
