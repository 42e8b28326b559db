"""From a data set's source to the records of the study: drawn by a seed, their ids kept, repeats counted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path

import numpy as np

from matterzoo_harness.datasets.source import Rows, Source
from matterzoo_harness.readers import ReadResult, read
from matterzoo_harness.studies.schema import DataSet
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.records import Records


@dataclass(frozen=True)
class Sample:
    """The records of one data set, as the study uses them.

    Parameters
    ----------
    result
        As the readers give them, drawn.
    available
        How many the source has.
    repeats
        How many have the very content of an earlier one under another id.
    """

    result: ReadResult
    available: int
    repeats: int


def draw(data: DataSet, folder: Path) -> Sample:
    """Read a data set and draw its records.

    The ids that were drawn are kept in `ids.txt`: where that file is there, exactly those are taken, so that anyone who
    has it has the same sample, whatever the order of the source.

    Raises
    ------
    MatterzooError
        As `readers.read` and `open_dataset`; `BAD_INPUT` if a kept id is not in the source.
    """
    source = _source(data.source)
    available = len(source)
    rows = np.arange(available, dtype=np.int64)
    if data.records is not None and data.records < available:
        rows = _rows(data, source, folder / "ids.txt")
    result = source.read(rows)
    return Sample(result, available, repeats(result.records))


class _Files:
    """What the readers give, as a source."""

    def __init__(self, result: ReadResult) -> None:
        self._result = result

    def __len__(self) -> int:
        return len(self._result.records)

    def ids(self, rows: Rows) -> list[str]:
        return [self._result.records.ids[int(row)] for row in rows]

    def rows_of(self, ids: list[str]) -> Rows:
        where = {name: row for row, name in enumerate(self._result.records.ids)}
        return np.array([where.get(name, -1) for name in ids], np.int64)

    def read(self, rows: Rows) -> ReadResult:
        return self._result if len(rows) == len(self) else _chosen(self._result, rows)


def _source(source: str) -> Source:
    """Open what a study names: a data set of the zoo, or whatever the readers take."""
    if source.startswith("dataset:"):
        from matterzoo_harness.datasets import open_dataset

        return open_dataset(source.removeprefix("dataset:"))
    return _Files(read(source))


def repeats(records: Records) -> int:
    """Count records whose views are, to the byte, those of an earlier record."""
    seen = set()
    for row in range(len(records)):
        digest = hashlib.sha256()
        for name, view in sorted(records[row].views.items()):
            digest.update(f"\0{name}\0".encode())
            parts = [getattr(view, field.name) for field in fields(view)] if is_dataclass(view) else [view]
            for part in parts:
                digest.update(part.encode() if isinstance(part, str) else np.ascontiguousarray(part).tobytes())
        seen.add(digest.digest())
    return len(records) - len(seen)


def _rows(data: DataSet, source: Source, file: Path) -> Rows:
    """Return the rows whose ids are kept, or draw them and keep their ids."""
    head = f"# {data.source}, {data.records} of {len(source)} records, seed {data.seed}"
    if file.is_file():
        said, *kept = file.read_text("utf-8").splitlines()
        if said == head:
            rows = source.rows_of(kept)
            if missing := [name for name, row in zip(kept, rows.tolist(), strict=True) if row < 0]:
                raise MatterzooError(
                    ExitCode.BAD_INPUT,
                    f"{file}: {len(missing)} ids are not in {data.source}, such as {', '.join(missing[:3])}",
                    "the source changed; remove the file to draw anew",
                )
            return rows
    drawn = np.random.default_rng(data.seed).choice(len(source), data.records, replace=False, shuffle=False)
    rows = np.sort(drawn).astype(np.int64)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([head, *source.ids(rows)]) + "\n", "utf-8")
    return rows


def _chosen(result: ReadResult, rows: Rows) -> ReadResult:
    records = result.records.take(rows)
    ids = set(records.ids)
    return ReadResult(
        records,
        {name: reason for name, reason in result.failures.items() if name in ids},
        {v: {name: why for name, why in each.items() if name in ids} for v, each in result.unconverted.items()},
        result.conversions,
        result.skipped,
    )
