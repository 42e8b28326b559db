"""QM9 as its authors publish it: a tar of one text file a molecule, made into records once.

References
----------
Ramakrishnan, Dral, Rupp and von Lilienfeld, Sci. Data 2014, 1, 140022: the format of the files, table 2.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers
from ase.units import Hartree
from filelock import FileLock

from matterzoo_harness.datasets.card import DatasetCard
from matterzoo_harness.datasets.fetch import discarded, fetch_file, unpacked_folder
from matterzoo_harness.datasets.source import Rows
from matterzoo_harness.readers import ReadResult
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.views import Structure

ZPVE, U0 = 11, 12
"""Columns of the properties' line, whose first two are `gdb` and the number: both in hartree."""
LABELS = {"homo": 7, "lumo": 8, "gap": 9}
"""Further labels, in hartree there and in eV here."""


class Qm9:
    """QM9's molecules: geometry, the SMILES of the relaxed geometry, and energies.

    `energy` is U₀ less the zero-point energy, in eV: what a potential predicts.
    """

    def __init__(self, card: DatasetCard) -> None:
        archive = fetch_file(card, card.files[0])
        folder = unpacked_folder(card)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "records.safetensors"
        with FileLock(folder / ".records.lock"):
            if not file.is_file():
                Records.of(_molecules(card, archive)).write(file)
        self._records = Records.open(file)

    def __len__(self) -> int:
        return len(self._records)

    def ids(self, rows: Rows) -> list[str]:
        """Return the ids of some rows."""
        return [self._records.ids[int(row)] for row in rows]

    def rows_of(self, ids: list[str]) -> Rows:
        """Return the rows of ids; −1 for an id that is not there."""
        where = {name: row for row, name in enumerate(self._records.ids)}
        return np.array([where.get(name, -1) for name in ids], np.int64)

    def read(self, rows: Rows) -> ReadResult:
        """Read some rows, in that order."""
        return ReadResult(self._records.take(rows))


def _molecules(card: DatasetCard, archive: Path) -> Iterator[Sample]:
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isfile() and member.name.endswith(".xyz") else None
                if stream is not None:
                    yield molecule(Path(member.name).stem, stream.read().decode())
    except (tarfile.TarError, EOFError, OSError) as error:
        raise discarded(card, archive, f"is no whole tar: {error}") from error


def molecule(name: str, text: str) -> Sample:
    """Read one molecule; numbers may be written `1.2*^-5`, as Mathematica does."""
    lines = text.splitlines()
    count, properties = int(lines[0]), lines[1].split()
    atoms = [line.replace("*^", "e").split() for line in lines[2 : 2 + count]]
    values = {label: float(properties[column]) * Hartree for label, column in LABELS.items()}
    values["energy"] = (float(properties[U0]) - float(properties[ZPVE])) * Hartree
    numbers = np.array([atomic_numbers[atom[0]] for atom in atoms], np.uint8)
    positions = np.array([[float(x) for x in atom[1:4]] for atom in atoms])
    smiles = lines[3 + count].split()[-1]
    return Sample(name, {"atoms": Structure(numbers, positions, charge=0.0), "smiles": smiles}, values)
