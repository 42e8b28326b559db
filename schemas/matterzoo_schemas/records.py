"""Records: an id, the views of one sample, and labels. The only thing a container ever reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from matterzoo_schemas.canonical import open_tensors, write_tensors
from matterzoo_schemas.columns import Array, Strings
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.views import COLUMNS, AtomsColumn, Column, TextColumn

KIND = "records"


@dataclass(frozen=True, eq=False)
class Sample:
    """One record as an object: how readers make records, and how people look at them.

    Parameters
    ----------
    id
        Unique in its file, not empty.
    views
        `atoms`: Structure; `smiles`, `selfies`, `text`, `sequence`: str; `backbone`: array [residues, 4, 3] in Å;
        `grid`: Grid. A view that is not there is absent.
    labels
        Numbers by name (`energy` in eV); NaN is the same as absent.
    """

    id: str
    views: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Records:
    """Many records as columns.

    Parameters
    ----------
    ids
        Unique strings [n].
    views
        Columns by the name of the view; a view that no record has is left out.
    labels
        Float64 vectors [n] by name, NaN where missing.
    """

    ids: Strings
    views: Mapping[str, Column]
    labels: Mapping[str, npt.NDArray[np.float64]]
    hashes: npt.NDArray[np.uint8]
    """SHA-256 over id and views of each record [n, 32]; labels are left out, for no model sees them."""

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Records:
        """Put samples into columns.

        Raises
        ------
        MatterzooError
            `BAD_INPUT` if an id is empty or stands twice (it is named), or a view is unknown.
        """
        rows = list(samples)
        names = sorted({name for row in rows for name in row.views})
        if unknown := [name for name in names if name not in COLUMNS]:
            raise MatterzooError(ExitCode.BAD_INPUT, f"no such view: {', '.join(unknown)}")
        views: dict[str, Column] = {name: COLUMNS[name].of([row.views.get(name) for row in rows]) for name in names}
        label_names = sorted({name for row in rows for name in row.labels})
        labels = {name: np.array([row.labels.get(name, np.nan) for row in rows], np.float64) for name in label_names}
        return cls.of_columns(Strings.pack(row.id for row in rows), views, labels)

    @classmethod
    def of_columns(
        cls,
        ids: Strings,
        views: Mapping[str, Column],
        labels: Mapping[str, npt.NDArray[np.float64]] | None = None,
    ) -> Records:
        """Make records of ready columns, hashing each record; ids are checked as in `of`."""
        check_unique(ids)
        return cls(ids, views, labels or {}, _hash_records(ids, views))

    @cached_property
    def identity(self) -> str:
        """The data set's identity: SHA-256 over all record hashes and labels, in order."""
        digest = hashlib.sha256(np.ascontiguousarray(self.hashes).tobytes())
        for name in sorted(self.labels):
            digest.update(name.encode() + b"\0" + self.labels[name].tobytes())
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: Array) -> Records:
        """Return the records `rows`, in that order."""
        views = {name: column.take(rows) for name, column in self.views.items()}
        labels = {name: values[rows] for name, values in self.labels.items()}
        return Records(self.ids.take(rows), views, labels, self.hashes[rows])

    def with_view(self, name: str, column: Column) -> Records:
        """Return the same records with one more view, hashed anew."""
        return Records.of_columns(self.ids, {**self.views, name: column}, self.labels)

    @property
    def atoms(self) -> AtomsColumn:
        """The `atoms` view; KeyError if no record has one."""
        return cast("AtomsColumn", self.views["atoms"])

    def text(self, view: str) -> TextColumn:
        """Return a view that is one string a record; KeyError if no record has one."""
        return cast("TextColumn", self.views[view])

    def __getitem__(self, row: int) -> Sample:
        views = {name: column[row] for name, column in self.views.items() if column.present[row]}
        labels = {name: float(v[row]) for name, v in self.labels.items() if not np.isnan(v[row])}
        return Sample(self.ids[row], views, labels)

    def write(self, path: Path) -> None:
        """Write the canonical file `records.safetensors`."""
        tensors: dict[str, Array] = {**self.ids.tensors("ids"), "hashes": self.hashes}
        for name, column in self.views.items():
            tensors |= column.tensors(name)
        for name, values in self.labels.items():
            tensors[f"labels/{name}"] = values
        header = {
            "kind": KIND,
            "views": sorted(self.views),
            "labels": sorted(self.labels),
            "count": len(self),
        }
        write_tensors(path, tensors, header | {"identity": self.identity})

    @classmethod
    def open(cls, path: Path) -> Records:
        """Map a file of records: opening costs the same for ten atoms and for a million.

        Raises
        ------
        MatterzooError
            `INPUT_MISSING` or `BAD_INPUT`, naming the file and what is wrong with it.
        """
        file = open_tensors(path, KIND)
        try:
            ids = Strings.from_tensors(file.tensors, "ids")
            views: dict[str, Column] = {
                name: COLUMNS[name].from_tensors(file.tensors, name) for name in file.header["views"]
            }
            labels = {name: file.tensors[f"labels/{name}"] for name in file.header["labels"]}
            hashes = file.tensors["hashes"]
            lengths: Sequence[int] = [len(column.present) for column in views.values()]
            if any(n != len(ids) for n in (*lengths, *map(len, labels.values()), len(hashes))):
                raise ValueError("columns of different lengths")
        except (KeyError, TypeError, ValueError) as error:
            raise MatterzooError(ExitCode.BAD_INPUT, f"{path} is no file of records: {error}") from error
        return cls(ids, views, labels, hashes)


def check_unique(ids: Strings) -> None:
    """Refuse ids that are empty or stand twice.

    Raises
    ------
    MatterzooError
        `BAD_INPUT`, with the first id in question and its rows.
    """
    seen: dict[str, int] = {}
    for row, name in enumerate(ids):
        if not name:
            raise MatterzooError(ExitCode.BAD_INPUT, f"record {row} has an empty id")
        first = seen.setdefault(name, row)
        if first != row:
            raise MatterzooError(
                ExitCode.BAD_INPUT,
                f"the id {name!r} stands twice: records {first} and {row}",
                "give the records unique names, or put the files into one folder each",
            )


def _hash_records(ids: Strings, views: Mapping[str, Column]) -> npt.NDArray[np.uint8]:
    """Return the SHA-256 of each record [n, 32]: id, then each present view's name and content with lengths."""
    columns = [(name.encode(), views[name], views[name].present) for name in sorted(views)]
    digests = bytearray()
    for row in range(len(ids)):
        name = ids.piece(row)
        digest = hashlib.sha256(len(name).to_bytes(8, "little") + name)
        for view, column, present in columns:
            if present[row]:
                content = column.content(row)
                digest.update(view + b"\0" + len(content).to_bytes(8, "little"))
                digest.update(content)
        digests += digest.digest()
    return np.frombuffer(bytes(digests), np.uint8).reshape(-1, 32)
