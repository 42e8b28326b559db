"""POSCAR and CONTCAR with ASE."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

from ase.io.vasp import read_vasp

from matterzoo_harness.readers.ase_atoms import entry_of_atoms
from matterzoo_harness.readers.files import Source
from matterzoo_harness.readers.result import Entry


def read_poscar(source: Source) -> Iterator[Entry]:
    """Yield the one structure. A file of VASP 4 without symbols in its first line has no species: it fails.

    (ASE would look for a POTCAR or OUTCAR beside it; what a structure is must not depend on its neighbours.)
    """
    text = StringIO(source.text())
    text.name = ""  # ASE looks beside this path
    try:
        yield entry_of_atoms(read_vasp(text), {})
    except Exception as error:  # noqa: BLE001 (ASE raises what it meets)
        yield Entry(failure=f"ASE cannot read it as POSCAR: {error or type(error).__name__}")
