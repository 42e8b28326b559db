"""The views of a sample: what a model may ask for. Each is a column over all records of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from matterzoo_schemas.columns import Array, Strings, check_offsets, offsets_of, ragged_index
from matterzoo_schemas.fields import Field, unpack_fields

TEXT_VIEWS = ("smiles", "selfies", "text", "sequence")
"""Views that are one string a record; `sequence` holds one-letter amino acids."""


@dataclass(frozen=True, eq=False)
class Structure:
    """Atoms of one record.

    Parameters
    ----------
    numbers
        Atomic numbers [n].
    positions
        Cartesian coordinates [n, 3] in Å.
    cell
        Lattice vectors as rows [3, 3] in Å; zeros where there is none.
    pbc
        Which of the three directions are periodic [3].
    charge
        Total charge in elementary charges; NaN if not stated.
    spin
        Spin multiplicity 2S+1; NaN if not stated.
    """

    numbers: npt.NDArray[np.uint8]
    positions: npt.NDArray[np.float64]
    cell: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((3, 3)))
    pbc: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(3, np.bool_))
    charge: float = float("nan")
    spin: float = float("nan")


@dataclass(frozen=True, eq=False)
class Grid:
    """One state of the atmosphere (or any field on latitudes × longitudes).

    Parameters
    ----------
    values
        [variables, latitudes, longitudes] float32.
    latitude, longitude
        Degrees north [latitudes] and east [longitudes].
    variables
        Canonical JSON: a list of {name, units, level, time} in the order of `values`.
    """

    values: npt.NDArray[np.float32]
    latitude: npt.NDArray[np.float64]
    longitude: npt.NDArray[np.float64]
    variables: str

    @property
    def fields(self) -> tuple[Field, ...]:
        """What each of the values is; ValueError if `variables` does not say."""
        return unpack_fields(self.variables)

    def from_north(self) -> Grid:
        """Return the same grid with its latitudes from north to south."""
        if len(self.latitude) < 2 or self.latitude[0] > self.latitude[-1]:
            return self
        return Grid(self.values[:, ::-1], self.latitude[::-1], self.longitude, self.variables)


class Column(Protocol):
    """One view over n records; absent (`present` is false) is not the same as empty."""

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """Which records have this view [n]."""

    def tensors(self, name: str) -> dict[str, Array]:
        """Return the tensors that stand for the column in a file."""

    def take(self, rows: Array) -> Column:
        """Return the column of the records `rows`, in that order."""

    def sizes(self) -> npt.NDArray[np.int64]:
        """Return how many nodes (atoms, characters, residues, cells) each record has [n]."""

    def content(self, row: int) -> bytes:
        """Return the bytes that identify one record's view."""

    def __getitem__(self, row: int) -> Any:
        """Return one record's view as the object it was made of."""


@dataclass(frozen=True, eq=False)
class TextColumn:
    """One string a record."""

    present: npt.NDArray[np.bool_]
    strings: Strings

    @classmethod
    def of(cls, values: Sequence[str | None]) -> TextColumn:
        """Make the column; None is an absent view."""
        return cls(np.array([v is not None for v in values], np.bool_), Strings.pack(v or "" for v in values))

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Array], name: str) -> TextColumn:
        """Take the column out of a file's tensors."""
        return cls(tensors[f"{name}/present"], Strings.from_tensors(tensors, name))

    def tensors(self, name: str) -> dict[str, Array]:
        """Return the tensors that stand for the column in a file."""
        return {f"{name}/present": self.present, **self.strings.tensors(name)}

    def take(self, rows: Array) -> TextColumn:
        """Return the column of the records `rows`, in that order."""
        return TextColumn(self.present[rows], self.strings.take(rows))

    def sizes(self) -> npt.NDArray[np.int64]:
        """Return the number of bytes of each string [n]."""
        return np.diff(self.strings.offsets)

    def content(self, row: int) -> bytes:
        """Return the string's bytes."""
        return self.strings.piece(row)

    def __getitem__(self, row: int) -> str:
        return self.strings[row]


@dataclass(frozen=True, eq=False)
class AtomsColumn:
    """Atoms of all records, flat: see `Structure` for units and shapes."""

    present: npt.NDArray[np.bool_]
    offsets: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.uint8]
    positions: npt.NDArray[np.float64]
    cell: npt.NDArray[np.float64]
    pbc: npt.NDArray[np.bool_]
    charge: npt.NDArray[np.float64]
    spin: npt.NDArray[np.float64]

    _PER_ATOM = ("numbers", "positions")
    _PER_RECORD = ("present", "cell", "pbc", "charge", "spin")

    @classmethod
    def of(cls, values: Sequence[Structure | None]) -> AtomsColumn:
        """Make the column; None is an absent view."""
        here = [v for v in values if v is not None]
        blank = Structure(np.zeros(0, np.uint8), np.zeros((0, 3)))
        rows = [v if v is not None else blank for v in values]
        return cls(
            present=np.array([v is not None for v in values], np.bool_),
            offsets=offsets_of(len(v.numbers) for v in rows),
            numbers=np.concatenate([np.zeros(0, np.uint8), *(np.asarray(v.numbers, np.uint8) for v in here)]),
            positions=np.concatenate(
                [np.zeros((0, 3)), *(np.asarray(v.positions, np.float64).reshape(-1, 3) for v in here)]
            ),
            cell=np.array([v.cell for v in rows], np.float64).reshape(-1, 3, 3),
            pbc=np.array([v.pbc for v in rows], np.bool_).reshape(-1, 3),
            charge=np.array([v.charge for v in rows], np.float64),
            spin=np.array([v.spin for v in rows], np.float64),
        )

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Array], name: str) -> AtomsColumn:
        """Take the column out of a file's tensors."""
        names = ("offsets", *cls._PER_ATOM, *cls._PER_RECORD)
        column = cls(**{field: tensors[f"{name}/{field}"] for field in names})
        check_offsets(column.offsets, len(column.numbers), name)
        return column

    def tensors(self, name: str) -> dict[str, Array]:
        """Return the tensors that stand for the column in a file."""
        names = ("offsets", *self._PER_ATOM, *self._PER_RECORD)
        return {f"{name}/{field}": getattr(self, field) for field in names}

    def take(self, rows: Array) -> AtomsColumn:
        """Return the column of the records `rows`, in that order."""
        flat = ragged_index(self.offsets, rows)
        return AtomsColumn(
            offsets=offsets_of(self.sizes()[rows]),
            **{field: getattr(self, field)[flat] for field in self._PER_ATOM},
            **{field: getattr(self, field)[rows] for field in self._PER_RECORD},
        )

    def sizes(self) -> npt.NDArray[np.int64]:
        """Return the number of atoms of each record [n]."""
        return np.diff(self.offsets)

    def content(self, row: int) -> bytes:
        """Return numbers, positions, cell, periodicity, charge and spin, one after the other."""
        piece = slice(self.offsets[row], self.offsets[row + 1])
        parts = (self.numbers[piece], self.positions[piece], self.cell[row], self.pbc[row])
        return b"".join(p.tobytes() for p in (*parts, self.charge[row : row + 1], self.spin[row : row + 1]))

    def __getitem__(self, row: int) -> Structure:
        piece = slice(self.offsets[row], self.offsets[row + 1])
        return Structure(
            self.numbers[piece], self.positions[piece], self.cell[row], self.pbc[row],
            float(self.charge[row]), float(self.spin[row]),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class BackboneColumn:
    """Protein backbones: N, CA, C, O of each residue in Å (NaN where the file has none)."""

    present: npt.NDArray[np.bool_]
    offsets: npt.NDArray[np.int64]
    coordinates: npt.NDArray[np.float64]

    @classmethod
    def of(cls, values: Sequence[npt.NDArray[np.float64] | None]) -> BackboneColumn:
        """Make the column from arrays [residues, 4, 3]; None is an absent view."""
        here = [np.asarray(v, np.float64).reshape(-1, 4, 3) for v in values if v is not None]
        return cls(
            np.array([v is not None for v in values], np.bool_),
            offsets_of(0 if v is None else len(v) for v in values),
            np.concatenate([np.zeros((0, 4, 3)), *here]),
        )

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Array], name: str) -> BackboneColumn:
        """Take the column out of a file's tensors."""
        column = cls(*(tensors[f"{name}/{field}"] for field in ("present", "offsets", "coordinates")))
        check_offsets(column.offsets, len(column.coordinates), name)
        return column

    def tensors(self, name: str) -> dict[str, Array]:
        """Return the tensors that stand for the column in a file."""
        return {f"{name}/{field}": getattr(self, field) for field in ("present", "offsets", "coordinates")}

    def take(self, rows: Array) -> BackboneColumn:
        """Return the column of the records `rows`, in that order."""
        flat = ragged_index(self.offsets, rows)
        return BackboneColumn(self.present[rows], offsets_of(self.sizes()[rows]), self.coordinates[flat])

    def sizes(self) -> npt.NDArray[np.int64]:
        """Return the number of residues of each record [n]."""
        return np.diff(self.offsets)

    def content(self, row: int) -> bytes:
        """Return the coordinates' bytes."""
        return self.coordinates[self.offsets[row] : self.offsets[row + 1]].tobytes()

    def __getitem__(self, row: int) -> npt.NDArray[np.float64]:
        return self.coordinates[self.offsets[row] : self.offsets[row + 1]]


@dataclass(frozen=True, eq=False)
class GridColumn:
    """Fields on latitudes × longitudes of all records, flat: see `Grid`."""

    shape: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]
    latitude: npt.NDArray[np.float64]
    longitude: npt.NDArray[np.float64]
    variables: TextColumn

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """Which records have a grid [n]."""
        return self.variables.present

    @classmethod
    def of(cls, values: Sequence[Grid | None]) -> GridColumn:
        """Make the column; None is an absent view."""
        here = [v for v in values if v is not None]
        return cls(
            np.array([(0, 0, 0) if v is None else v.values.shape for v in values], np.int64).reshape(-1, 3),
            np.concatenate([np.zeros(0, np.float32), *(np.asarray(v.values, np.float32).ravel() for v in here)]),
            np.concatenate([np.zeros(0), *(np.asarray(v.latitude, np.float64) for v in here)]),
            np.concatenate([np.zeros(0), *(np.asarray(v.longitude, np.float64) for v in here)]),
            TextColumn.of([None if v is None else v.variables for v in values]),
        )

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Array], name: str) -> GridColumn:
        """Take the column out of a file's tensors."""
        shape, values, latitude, longitude = (
            tensors[f"{name}/{field}"] for field in ("shape", "values", "latitude", "longitude")
        )
        column = cls(shape, values, latitude, longitude, TextColumn.from_tensors(tensors, f"{name}/variables"))
        for part, offsets in zip(("values", "latitude", "longitude"), column._offsets()):  # noqa: B905
            check_offsets(offsets, len(getattr(column, part)), f"{name}/{part}")
        return column

    def _offsets(self) -> tuple[Array, Array, Array]:
        return offsets_of(self.sizes()), offsets_of(self.shape[:, 1]), offsets_of(self.shape[:, 2])

    def tensors(self, name: str) -> dict[str, Array]:
        """Return the tensors that stand for the column in a file."""
        fields = ("shape", "values", "latitude", "longitude")
        own = {f"{name}/{field}": getattr(self, field) for field in fields}
        return own | self.variables.tensors(f"{name}/variables")

    def take(self, rows: Array) -> GridColumn:
        """Return the column of the records `rows`, in that order."""
        values, latitude, longitude = (ragged_index(offsets, rows) for offsets in self._offsets())
        return GridColumn(
            self.shape[rows], self.values[values], self.latitude[latitude], self.longitude[longitude],
            self.variables.take(rows),
        )  # fmt: skip

    def sizes(self) -> npt.NDArray[np.int64]:
        """Return the number of values of each record [n]."""
        return np.asarray(np.prod(self.shape, axis=1, dtype=np.int64))

    def content(self, row: int) -> bytes:
        """Return shape, axes, variables and values, one after the other."""
        grid = self[row]
        arrays = (self.shape[row], grid.latitude, grid.longitude, grid.values)
        return b"".join(a.tobytes() for a in arrays) + self.variables.content(row)

    def __getitem__(self, row: int) -> Grid:
        values, latitude, longitude = (slice(o[row], o[row + 1]) for o in self._offsets())
        shape = tuple(self.shape[row])
        return Grid(
            self.values[values].reshape(shape), self.latitude[latitude], self.longitude[longitude],
            self.variables[row],
        )  # fmt: skip


COLUMNS: dict[str, type[TextColumn | AtomsColumn | BackboneColumn | GridColumn]] = {
    "atoms": AtomsColumn,
    **dict.fromkeys(TEXT_VIEWS, TextColumn),
    "backbone": BackboneColumn,
    "grid": GridColumn,
}
"""Every view by name."""
