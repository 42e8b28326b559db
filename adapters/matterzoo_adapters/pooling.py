"""From node vectors to one vector a record."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Nodes = npt.NDArray[np.floating]
Offsets = npt.NDArray[np.int64]


def _sum(nodes: Nodes, offsets: Offsets) -> npt.NDArray[np.float64]:
    return np.add.reduceat(nodes.astype(np.float64), offsets[:-1], axis=0)


def _mean(nodes: Nodes, offsets: Offsets) -> npt.NDArray[np.float64]:
    return _sum(nodes, offsets) / np.diff(offsets)[:, None]


def _max(nodes: Nodes, offsets: Offsets) -> Nodes:
    return np.maximum.reduceat(nodes, offsets[:-1], axis=0)


def _first(nodes: Nodes, offsets: Offsets) -> Nodes:
    return nodes[offsets[:-1]]


def _last(nodes: Nodes, offsets: Offsets) -> Nodes:
    return nodes[offsets[1:] - 1]


POOLINGS: dict[str, Callable[[Nodes, Offsets], Nodes]] = {
    "mean": _mean, "sum": _sum, "max": _max, "first": _first, "last": _last,
}  # fmt: skip
"""Every way of pooling by name."""


def pool(
    nodes: Nodes, offsets: Offsets, pooling: str, weights: npt.NDArray[np.float64] | None = None
) -> npt.NDArray[np.float32]:
    """Pool node vectors.

    Sums run in float64 over a record's own nodes in their own order, so that neither the batch's composition nor
    its order can change a bit of the result.

    Parameters
    ----------
    nodes
        Node vectors [Σ nᵢ, d].
    offsets
        First row of each record [n+1]; no record may be empty.
    pooling
        `mean`, `sum`, `max`, `first` or `last`.
    weights
        What each node counts in the mean [Σ nᵢ], positive; all alike if there are none. Other poolings know no weights.

    Returns
    -------
    pooled
        One vector a record [n, d] float32.

    Raises
    ------
    ValueError
        If a record has no nodes: it has no vector, and must have been refused before.
    """
    if np.any(np.diff(offsets) < 1):
        raise ValueError("a record without nodes cannot be pooled")
    if weights is not None and pooling == "mean":
        total = np.add.reduceat(weights, offsets[:-1])[:, None]
        return (_sum(nodes * weights[:, None], offsets) / total).astype(np.float32)
    return POOLINGS[pooling](nodes, offsets).astype(np.float32)
