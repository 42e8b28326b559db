"""Data sets of several ASE-LMDB files (OMat24, sAlex, OMol25): a row is a file and a number in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from matterzoo_harness.datasets.card import DatasetCard
from matterzoo_harness.datasets.fetch import fetch_file, unpack
from matterzoo_harness.datasets.source import Rows
from matterzoo_harness.readers import ReadResult
from matterzoo_harness.readers.ase_lmdb import AseLmdb, open_lmdb
from matterzoo_harness.readers.result import Collector, Entry
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


class AseLmdbs:
    """All `.aselmdb` files of a data set's archives, one after the other, sorted by path.

    An id is `<archive>/<file>-<number>`, so that it names the very row at its source.
    """

    def __init__(self, card: DatasetCard) -> None:
        self._files: list[tuple[str, AseLmdb]] = []
        for file in card.files:
            archive = fetch_file(card, file)
            folder = unpack(card, archive)
            for path in sorted(folder.rglob("*.aselmdb")):
                self._files.append((f"{folder.name}/{path.stem}", _opened(path)))
        if not self._files:
            raise MatterzooError(ExitCode.BAD_INPUT, f"there is no .aselmdb file in the archives of {card.id}")
        counts = [len(database.numbers) for _, database in self._files]
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def ids(self, rows: Rows) -> list[str]:
        """Return the ids of some rows."""
        return [f"{self._files[file][0]}-{self._files[file][1].numbers[place]}" for file, place in self._places(rows)]

    def rows_of(self, ids: list[str]) -> Rows:
        """Return the rows of ids; −1 for an id that is not there."""
        files = {name: n for n, (name, _) in enumerate(self._files)}
        rows = []
        for name in ids:
            file, _, number = name.rpartition("-")
            row = -1
            if file in files and number.isdigit():
                numbers = self._files[files[file]][1].numbers
                place = int(np.searchsorted(numbers, int(number))) if isinstance(numbers, list) else int(number) - 1
                if 0 <= place < len(numbers) and numbers[place] == int(number):
                    row = int(self._starts[files[file]]) + place
            rows.append(row)
        return np.array(rows, np.int64)

    def read(self, rows: Rows) -> ReadResult:
        """Read some rows, in that order."""
        collector = Collector()
        named: list[tuple[str, Entry]] = []
        for name, (file, place) in zip(self.ids(rows), self._places(rows), strict=True):
            database = self._files[file][1]
            named.append((name, database.entry(database.numbers[place], name)))
        collector.add("the data set", named)
        return collector.result()

    def _places(self, rows: Rows) -> list[tuple[int, int]]:
        files = np.searchsorted(self._starts, rows, side="right") - 1
        return [(int(file), int(row - self._starts[file])) for file, row in zip(files, rows, strict=True)]


def _opened(path: Path) -> AseLmdb:
    import lmdb

    try:
        return open_lmdb(path.absolute())
    except lmdb.Error as error:
        raise MatterzooError(
            ExitCode.BAD_INPUT, f"{path} is no LMDB file: {error}", f"rm {path}, then again"
        ) from error
