"""CKNNA for large k: a local test replaces the neighbour lists.

With τ(i) between the k-th and the (k+1)-th largest similarity of row i, "j is a neighbour of i" is s_ij ≥ τ(i)
and "i is a
neighbour of j" is s_ij ≥ τ(j). Both can be read off the strip of row i, so T1, the masked row sums and the
masked column sums are batched products of strips: M²·N² multiplications, whatever k is. Tiles are float64.
"""

from __future__ import annotations

import torch
from torch import Tensor

from matterzoo_harness.metrics.cknna import Alignment
from matterzoo_harness.metrics.numerics import smallest
from matterzoo_harness.metrics.sweep import Pass, Strip
from matterzoo_harness.metrics.views import Features


def score(strip: Strip, m: int, *, inner: bool) -> Tensor:
    """Score [b, N], smaller is nearer, on one scale for all rows; self is +inf."""
    model = strip.features[m]
    if not inner:
        return strip.tile[m]
    own = model.square[strip.start : strip.stop] / 2 + model.drift[strip.start : strip.stop]
    return strip.tile[m] / 2 - (model.square / 2 + model.drift) - own[:, None] - model.offset


class Thresholds(Pass):
    """τ of every row and model: half way between the k-th and the (k+1)-th score (+inf where all are neighbours)."""

    def __init__(self, features: list[Features], k: int, *, inner: bool) -> None:
        super().__init__()
        self.k, self.inner = k, inner
        self.rows["threshold"] = torch.zeros(
            len(features), len(features[0].source), dtype=torch.float64, device=features[0].tile.device
        )

    def strip(self, strip: Strip) -> None:
        """Find the thresholds of the strip's rows."""
        for m in range(len(strip.features)):
            values, _ = smallest(score(strip, m, inner=self.inner), self.k + 1)
            last = values.topk(2, dim=1).values
            middle = torch.where(torch.isinf(last[:, 0]), torch.finfo(torch.float64).max, last.mean(1))
            self.rows["threshold"][m, strip.start : strip.stop] = middle


class DenseAlignment(Pass):
    """The sums of CKNNA for one k, given the thresholds."""

    def __init__(self, features: list[Features], k: int, thresholds: Tensor, *, inner: bool) -> None:
        super().__init__()
        models, self.k = len(features), k
        self.inner, self.thresholds, self.n = inner, thresholds, len(features[0].source)
        for name in ("first", "total", "cross", "shared"):
            self.sums[name] = torch.zeros(models, models, dtype=torch.float64, device=thresholds.device)

    def strip(self, strip: Strip) -> None:
        """Add the strip's masked products."""
        kernels, masks, reverse = [], [], []
        for m in range(len(strip.features)):
            value = score(strip, m, inner=self.inner)
            masks.append(value <= self.thresholds[m, strip.start : strip.stop, None])
            reverse.append(value <= self.thresholds[m][None])
            kernel = -value if self.inner else 1 - value / 2
            kernels.append(kernel.masked_fill_(torch.isinf(value), 0))
        kernel = torch.stack(kernels, 1)
        mask, back = (torch.stack(x, 1).to(kernel.dtype) for x in (masks, reverse))
        both = (kernel * mask * back).transpose(0, 1).flatten(1)
        self.sums["first"] += both @ both.T
        rows = torch.bmm(kernel * mask, mask.transpose(1, 2))
        columns = torch.bmm(kernel * back, back.transpose(1, 2))
        self.sums["total"] += rows.sum(0)
        self.sums["cross"] += (columns * rows.transpose(1, 2)).sum(0)
        self.sums["shared"] += torch.bmm(mask, mask.transpose(1, 2)).sum(0)

    def result(self, epsilon: float = 0.0) -> Alignment:
        """CKNNA of all ordered pairs, once all strips are in."""
        n, total = self.n, self.sums["total"]
        cross = (self.sums["first"] + total * total.T / ((n - 1) * (n - 2)) - 2 * self.sums["cross"] / (n - 2)) / (
            n * (n - 3)
        )
        own = cross.diagonal().clone()
        valid = torch.where(own > 0, own, torch.nan)
        value = cross / ((valid[:, None] * valid).sqrt() + epsilon)
        return Alignment(value.cpu(), self.sums["shared"].long().cpu(), own.cpu())
