"""Files of records that were written before, among other sources."""

from __future__ import annotations

from collections.abc import Iterator

from matterzoo_harness.readers.files import Source
from matterzoo_harness.readers.result import Entry
from matterzoo_schemas.records import Records


def read_records(source: Source) -> Iterator[Entry]:
    """Yield the records of a canonical file."""
    with source.plain_path() as path:
        records = Records.open(path)
        for row in range(len(records)):
            sample = records[row]
            yield Entry(sample.id, sample.views, sample.labels)
