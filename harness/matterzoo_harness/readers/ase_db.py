"""ASE's own databases: SQLite and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ase.db import connect

from matterzoo_harness.readers.ase_atoms import entry_of_atoms
from matterzoo_harness.readers.files import Source
from matterzoo_harness.readers.keys import name_of
from matterzoo_harness.readers.result import Entry


def read_db(source: Source) -> Iterator[Entry]:
    """Yield the rows in order of their number; a row's name is a key of `docs/input.md`, else its unique id."""
    with source.plain_path() as path:
        database = connect(str(path))
        for row in database.select(sort="id"):
            yield _entry(row)


def _entry(row: Any) -> Entry:
    name = name_of(row.key_value_pairs) or row.unique_id
    try:
        info = {**_flat(row.data), **row.key_value_pairs}
        return entry_of_atoms(row.toatoms(), info, name)
    except Exception as error:  # noqa: BLE001 (ASE raises what it meets)
        return Entry(name, failure=f"ASE cannot read the row: {error or type(error).__name__}")


def _flat(data: Any) -> dict[str, Any]:
    return dict(data) if isinstance(data, dict) else {}
