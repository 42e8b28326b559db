"""Open a data set: a source that can be sampled without reading all of it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from matterzoo_harness.datasets.card import find_dataset
from matterzoo_harness.readers import ReadResult

Rows = npt.NDArray[np.int64]


class Source(Protocol):
    """A data set whose records have an order and ids, and are read row by row."""

    def __len__(self) -> int:
        """How many records there are."""
        ...

    def ids(self, rows: Rows) -> list[str]:
        """Return the ids of some rows."""
        ...

    def rows_of(self, ids: list[str]) -> Rows:
        """Return the rows of ids; −1 for an id that is not there."""
        ...

    def read(self, rows: Rows) -> ReadResult:
        """Read some rows, in that order."""
        ...


def open_dataset(name: str) -> Source:
    """Have a data set here, fetched now if it is not, and open it.

    Raises
    ------
    MatterzooError
        As `find_dataset` and `fetch_file`.
    """
    card = find_dataset(name)
    if card.format == "qm9":
        from matterzoo_harness.datasets.qm9 import Qm9

        return Qm9(card)
    if card.format == "aselmdb":
        from matterzoo_harness.datasets.aselmdb import AseLmdbs

        return AseLmdbs(card)
    from matterzoo_harness.datasets.rcsb import Rcsb

    return Rcsb(card)
