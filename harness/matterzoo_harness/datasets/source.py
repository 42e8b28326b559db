"""What every data set is to its readers."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

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
