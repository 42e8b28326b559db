"""Some records, as an adapter sees them: one class a modality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matterzoo_schemas.fields import Wanted, own_time, places_of
from matterzoo_schemas.records import Records
from matterzoo_schemas.views import BackboneColumn, Grid, GridColumn, Structure

if TYPE_CHECKING:
    import ase


@dataclass(frozen=True, eq=False)
class Batch:
    """Some records, each with the view that the model takes."""

    records: Records
    view: str

    def __len__(self) -> int:
        return len(self.records)

    @property
    def ids(self) -> list[str]:
        """The records' ids."""
        return list(self.records.ids)

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Number of nodes a record [n]."""
        return self.records.views[self.view].sizes()


class AtomsBatch(Batch):
    """Structures as flat arrays, or one by one."""

    @property
    def numbers(self) -> npt.NDArray[np.uint8]:
        """Atomic numbers [Σ nᵢ]."""
        return self.records.atoms.numbers

    @property
    def positions(self) -> npt.NDArray[np.float64]:
        """Cartesian coordinates [Σ nᵢ, 3] in Å."""
        return self.records.atoms.positions

    @property
    def offsets(self) -> npt.NDArray[np.int64]:
        """First row of each structure [n+1]."""
        return self.records.atoms.offsets

    @property
    def cell(self) -> npt.NDArray[np.float64]:
        """Lattice vectors as rows [n, 3, 3] in Å."""
        return self.records.atoms.cell

    @property
    def pbc(self) -> npt.NDArray[np.bool_]:
        """Periodic directions [n, 3]."""
        return self.records.atoms.pbc

    @property
    def structures(self) -> list[Structure]:
        """Each structure as an object."""
        return [self.records.atoms[row] for row in range(len(self))]

    @property
    def ase_atoms(self) -> list[ase.Atoms]:
        """Each structure as `ase.Atoms`, with `charge` and `spin` (multiplicity) in `info` where stated."""
        from ase import Atoms

        return [
            Atoms(s.numbers, s.positions, cell=s.cell, pbc=s.pbc, info=_charge_and_spin(s)) for s in self.structures
        ]


def _charge_and_spin(structure: Structure) -> dict[str, int]:
    stated = {"charge": structure.charge, "spin": structure.spin}
    return {name: round(value) for name, value in stated.items() if not np.isnan(value)}


class TextBatch(Batch):
    """Strings: SMILES, SELFIES, text or amino-acid sequences."""

    @property
    def strings(self) -> list[str]:
        """One string a record."""
        return list(self.records.text(self.view).strings)


class BackboneBatch(Batch):
    """Protein chains by their backbones."""

    @property
    def backbones(self) -> list[npt.NDArray[np.float64]]:
        """N, CA, C and O of each residue [residues, 4, 3] in Å, one array a record; NaN where an atom is missing."""
        column = self.records.views[self.view]
        assert isinstance(column, BackboneColumn)
        return [column[row] for row in range(len(self))]


class GridBatch(Batch):
    """Fields on latitudes × longitudes."""

    @property
    def grids(self) -> list[Grid]:
        """One grid a record, its latitudes from north to south."""
        column = self.records.views[self.view]
        assert isinstance(column, GridColumn)
        return [column[row].from_north() for row in range(len(self))]

    @property
    def times(self) -> list[datetime | None]:
        """When each record is, UTC; None where no field says."""
        return [own_time(grid.fields) for grid in self.grids]

    def stacked(self, wanted: Sequence[Wanted]) -> npt.NDArray[np.float32]:
        """Return fields [n, fields, latitudes, longitudes], from north to south; every record must have them."""
        return np.stack(
            [grid.values[[p for p in places_of(wanted, grid.fields) if p is not None]] for grid in self.grids]
        )
