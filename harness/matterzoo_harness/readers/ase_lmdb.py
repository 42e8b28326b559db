"""ASE databases in LMDB (`.aselmdb`), as fairchem writes them: zlib-compressed JSON rows under their numbers."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ase.db.row import AtomsRow

from matterzoo_harness.readers.ase_atoms import entry_of_atoms
from matterzoo_harness.readers.files import Source
from matterzoo_harness.readers.result import Entry


class AseLmdb:
    """One file, mapped; rows are read one by one. See `open_lmdb`: a process may map a file only once.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    lmdb.Error
        If it is no LMDB file.
    """

    def __init__(self, path: Path) -> None:
        import lmdb

        self._environment = lmdb.open(
            str(path), subdir=False, readonly=True, lock=False, readahead=False, meminit=False, max_readers=1
        )

    @cached_property
    def numbers(self) -> range | list[int]:
        """The numbers of all rows; a range where none was deleted, so that millions cost nothing."""
        last = int(self._value("nextid") or 1)
        deleted = set(self._value("deleted_ids") or ())
        return [n for n in range(1, last) if n not in deleted] if deleted else range(1, last)

    def entry(self, number: int, name: str) -> Entry:
        """Read one row under a name; charge, spin and labels stand in its data or its key-value pairs."""
        try:
            content = self._value(str(number))
            if content is None:
                return Entry(name, failure=f"row {number} is missing")
            content.pop("constraints", None)
            row = AtomsRow({**content, "id": number})
            data = row.data if isinstance(row.data, dict) else {}
            return entry_of_atoms(row.toatoms(), {**data, **row.key_value_pairs}, name)
        except Exception as error:  # noqa: BLE001 (zlib, JSON and ASE raise what they meet)
            return Entry(name, failure=f"the row cannot be read: {error or type(error).__name__}")

    def _value(self, key: str) -> Any:
        with self._environment.begin() as transaction:
            packed = transaction.get(key.encode())
        return None if packed is None else json.loads(zlib.decompress(packed))


def read_lmdb(source: Source) -> Iterator[Entry]:
    """Yield all rows in the order of their numbers; a row is called `<file>-<number>`."""
    with source.plain_path() as path:
        database = open_lmdb(path.absolute())
        for number in database.numbers:
            yield database.entry(number, f"{source.name}-{number}")


@cache
def open_lmdb(path: Path) -> AseLmdb:
    """Map a file, once a process: LMDB refuses to map it again."""
    return AseLmdb(path)
