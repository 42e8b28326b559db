"""The Protein Data Bank: its own list of entries, and a file an entry, fetched when it is drawn."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import numpy as np

from matterzoo_harness.datasets.card import DataFile, DatasetCard
from matterzoo_harness.datasets.fetch import discarded, fetch_file
from matterzoo_harness.datasets.source import Rows
from matterzoo_harness.readers import ReadResult
from matterzoo_harness.readers.files import Source as File
from matterzoo_harness.readers.protein import read_mmcif
from matterzoo_harness.readers.result import Collector, Entry
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


class Rcsb:
    """Entries that have an mmCIF file, sorted by id; a record is the first protein chain that could be read.

    The archive changes every week and states no revision: the list of entries is fetched once, its hash kept, and the
    ids that a study drew are its revision.
    """

    def __init__(self, card: DatasetCard) -> None:
        listed = fetch_file(card, card.files[0])
        try:
            content = json.loads(gzip.decompress(listed.read_bytes()))
            self._ids = sorted(name.lower() for name, files in content.items() if files.get("mmcif"))
        except (OSError, ValueError, AttributeError, EOFError) as error:
            raise discarded(card, listed, f"is no list of entries: {error}") from error
        self._card = card

    def __len__(self) -> int:
        return len(self._ids)

    def ids(self, rows: Rows) -> list[str]:
        """Return the ids of some rows."""
        return [self._ids[int(row)] for row in rows]

    def rows_of(self, ids: list[str]) -> Rows:
        """Return the rows of ids; −1 for an id that is not there."""
        where = {name: row for row, name in enumerate(self._ids)}
        return np.array([where.get(name, -1) for name in ids], np.int64)

    def read(self, rows: Rows) -> ReadResult:
        """Fetch and read some entries, in that order; one that cannot be had or read costs only itself."""
        collector = Collector()
        collector.add("the Protein Data Bank", [(name, self._entry(name)) for name in self.ids(rows)])
        return collector.result()

    def _entry(self, name: str) -> Entry:
        url = str(self._card.entry).replace("{id}", name)
        try:
            path = fetch_file(self._card, DataFile(url=url))
            chains = [entry for entry in read_mmcif(File(path, name)) if not entry.failure]
        except MatterzooError as error:
            if error.code == ExitCode.DIGEST_MISMATCH:
                raise
            return Entry(name, failure=error.message)
        except Exception as error:  # noqa: BLE001 (the parser raises what it meets)
            return Entry(name, failure=f"the entry cannot be read: {error or type(error).__name__}")
        return replace(chains[0], id=name) if chains else Entry(name, failure="the entry has no protein chain")
