"""Which records run together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MOST_RECORDS = 4096
"""Most records in one batch, so that events stay short even for one-atom records."""


def batches(
    sizes: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], budget: int, *, padded: bool
) -> list[npt.NDArray[np.int64]]:
    """Group rows into batches of similar size.

    Rows are sorted by size (equal sizes keep their order) and taken until the next one would exceed the budget; one
    row larger than the budget runs alone.

    Parameters
    ----------
    sizes
        Number of nodes of every record [n].
    rows
        The rows to group [m].
    budget
        Most nodes in one batch.
    padded
        Whether a batch costs its largest size times its length, rather than the sum.

    Returns
    -------
    groups
        Arrays of rows; together a permutation of `rows`.
    """
    order = rows[np.argsort(sizes[rows], kind="stable")]
    ordered = sizes[order]
    running = np.concatenate([[0], np.cumsum(ordered)])
    groups, start = [], 0
    while start < len(order):
        if padded:
            window = ordered[start : start + MOST_RECORDS]
            fits = int(np.count_nonzero(window * np.arange(1, len(window) + 1) <= budget))
        else:
            fits = int(np.searchsorted(running, running[start] + budget, side="right")) - 1 - start
        stop = start + min(max(fits, 1), MOST_RECORDS)
        groups.append(order[start:stop])
        start = stop
    return groups
