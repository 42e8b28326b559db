"""From a data set's source to the records of the study: drawn by a seed, their ids kept, repeats counted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

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
        As `readers.read`; `BAD_INPUT` if a kept id is not in the source.
    """
    result = read(located(data.source))
    available = len(result.records)
    if data.records is not None and data.records < available:
        result = _chosen(result, _rows(data, result, folder / "ids.txt"))
    return Sample(result, available, repeats(result.records))


def located(source: str) -> str | Path:
    """Return what the readers take: data sets by name are fetched, and their files named."""
    if source.startswith("dataset:"):
        from matterzoo_harness.datasets import fetched

        return fetched(source.removeprefix("dataset:"))
    return source


def repeats(records: Records) -> int:
    """Count records whose views are, to the byte, those of an earlier record."""
    seen = set()
    for row in range(len(records)):
        digest = hashlib.sha256()
        for name, view in sorted(records[row].views.items()):
            digest.update(f"\0{name}\0".encode())
            parts = [view] if isinstance(view, str) else [getattr(view, field.name) for field in fields(view)]
            for part in parts:
                digest.update(part.encode() if isinstance(part, str) else np.ascontiguousarray(part).tobytes())
        seen.add(digest.digest())
    return len(records) - len(seen)


def _rows(data: DataSet, result: ReadResult, file: Path) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    ids = list(result.records.ids)
    head = f"# {data.source}, {data.records} of {len(ids)} records, seed {data.seed}"
    if file.is_file():
        said, *kept = file.read_text("utf-8").splitlines()
        if said == head:
            where = {name: row for row, name in enumerate(ids)}
            if missing := [name for name in kept if name not in where]:
                raise MatterzooError(
                    ExitCode.BAD_INPUT,
                    f"{file}: {len(missing)} ids are not in {data.source}, such as {', '.join(missing[:3])}",
                    "the source changed; remove the file to draw anew",
                )
            return np.array([where[name] for name in kept], np.int64)
    rows = np.sort(np.random.default_rng(data.seed).permutation(len(ids))[: data.records]).astype(np.int64)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([head, *(ids[row] for row in rows)]) + "\n", "utf-8")
    return rows


def _chosen(result: ReadResult, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> ReadResult:
    records = result.records.take(rows)
    ids = set(records.ids)
    return ReadResult(
        records,
        {name: reason for name, reason in result.failures.items() if name in ids},
        {v: {name: why for name, why in each.items() if name in ids} for v, each in result.unconverted.items()},
        result.conversions,
        result.skipped,
    )
