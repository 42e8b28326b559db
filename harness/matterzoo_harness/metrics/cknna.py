"""CKNNA and mutual k-NN from neighbour graphs, in O(N·k) a pair.

CKNNA is the unbiased HSIC of two kernels that are masked by the common neighbours, over the geometric mean of the self
terms, each under its own mask (the definition of the platonic-rep code, Huh et al. 2024). With c the masked column sums
of K, r the masked row sums of L and s the masked totals

    H(K, L) = [T1 + s_K s_L/((n−1)(n−2)) − 2 Σ_j c_j r_j/(n−2)] / (n(n−3)),

where T1 sums K_ij L_ij over the pairs that are neighbours in both directions in both models. Every term is a sum
over edges of the graphs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from matterzoo_harness.metrics.numerics import pieces


def _entries(device: torch.device) -> int:
    """Return how many entries of a table are filled at once: a core's cache, or enough to keep a GPU busy."""
    return 1 << 21 if device.type == "cpu" else 1 << 29


@dataclass(frozen=True)
class Edges:
    """A neighbour graph and the kernel on it.

    Attributes
    ----------
    index
        [N, k] neighbours.
    kernel
        [N, k] kernel value of each edge, float64.
    mutual
        [N, k] whether the edge's reverse is in the graph too.
    """

    index: Tensor
    kernel: Tensor
    mutual: Tensor

    @classmethod
    def of(cls, index: Tensor, kernel: Tensor) -> Edges:
        """Add the reverse-edge bits to a graph."""
        records, k = index.shape
        height = max(1, _entries(index.device) // (k * k))
        own = torch.arange(records, device=index.device)
        mutual = [
            (index[part] == i[:, None, None]).any(2)
            for part, i in zip(pieces(index, height), pieces(own, height), strict=True)
        ]
        return cls(index, kernel, torch.cat(mutual))


@dataclass(frozen=True)
class Alignment:
    """All pairs: `cknna` [M, M] (row: K, column: L), `shared` [M, M] edge counts, self terms `own` [M]."""

    cknna: Tensor
    shared: Tensor
    own: Tensor


def align(graphs: Sequence[Edges], epsilon: float = 0.0) -> Alignment:
    """CKNNA of all ordered pairs and the number of shared edges.

    Parameters
    ----------
    graphs
        One a model, all with the same N and k.
    epsilon
        Added to the denominator (platonic-rep: 1e-6; here 0).
    """
    models, records = len(graphs), len(graphs[0].index)
    cross = torch.zeros(models, models, dtype=torch.float64)
    shared = torch.zeros(models, models, dtype=torch.int64)
    for a in range(models):
        places = _places(graphs[a].index, [g.index for g in graphs[a:]])
        for b, place in enumerate(places, start=a):
            forward, backward, edges = _cross(graphs[a], graphs[b], place, records)
            cross[a, b], cross[b, a] = forward, backward
            shared[a, b] = shared[b, a] = edges
    own = cross.diagonal().clone()
    valid = torch.where(own > 0, own, torch.nan)
    return Alignment(cross / ((valid[:, None] * valid).sqrt() + epsilon), shared, own)


def _places(index: Tensor, others: Sequence[Tensor]) -> list[Tensor]:
    """Where each neighbour of the other graphs stands in the first one: 1 … k, or 0 if it is not there; [N, k] each."""
    records, k = index.shape
    height = max(1, _entries(index.device) // records)
    found: list[list[Tensor]] = [[] for _ in others]
    numbers = torch.arange(1, k + 1, device=index.device, dtype=torch.int16)
    table = torch.zeros(min(height, records), records, dtype=torch.int16, device=index.device)
    for start in range(0, records, height):
        rows = index[start : start + height]
        part = table[: len(rows)].zero_().scatter_(1, rows, numbers.expand(len(rows), -1))
        for out, other in zip(found, others, strict=True):
            out.append(part.gather(1, other[start : start + height]))
    return [torch.cat(parts) for parts in found]


def _cross(a: Edges, b: Edges, place: Tensor, n: int) -> tuple[Tensor, Tensor, int]:
    """H(K, L), H(L, K) and the number of shared edges; `place` [N, k] locates b's neighbours in a's list."""
    row, slot = torch.nonzero(place, as_tuple=True)
    there = place[row, slot].long() - 1
    column = b.index[row, slot]
    kernel, other = a.kernel[row, there], b.kernel[row, slot]
    both = a.mutual[row, there] & b.mutual[row, slot]
    first = (kernel * other * both).sum()
    dense = torch.zeros(2, len(place), place.shape[1], dtype=torch.float64, device=place.device)
    dense[0, row, slot], dense[1, row, slot] = kernel, other
    sums = dense.sum(2)
    total = sums.sum(1)
    base = first + total[0] * total[1] / ((n - 1) * (n - 2))
    scale = n * (n - 3)
    forward = (base - 2 * (kernel * sums[1, column]).sum() / (n - 2)) / scale
    backward = (base - 2 * (other * sums[0, column]).sum() / (n - 2)) / scale
    return forward, backward, len(row)
