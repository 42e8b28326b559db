"""The rest of what ASE reads, by an explicit list: some of ASE's formats run code (`.py`) or are pictures."""

from __future__ import annotations

from collections.abc import Iterator

from ase.io import iread

from matterzoo_harness.readers.ase_atoms import entry_of_atoms
from matterzoo_harness.readers.files import Source
from matterzoo_harness.readers.result import Entry

_BY_SUFFIX = {
    ".traj": "traj", ".xsf": "xsf", ".cube": "cube", ".gen": "gen", ".res": "res", ".xtd": "xtd", ".xsd": "xsd",
    ".cell": "castep-cell", ".pwi": "espresso-in", ".pwo": "espresso-out", ".lmp": "lammps-data", ".rmc6f": "rmc6f",
}  # fmt: skip
_BY_NAME = {"OUTCAR": "vasp-out", "vasprun": "vasp-xml", "XDATCAR": "vasp-xdatcar", "geometry.in": "aims",
            "aims.out": "aims-output"}  # fmt: skip


def read_ase(source: Source) -> Iterator[Entry]:
    """Yield the images, with the energies that the file holds."""
    by_name = (format_ for part, format_ in _BY_NAME.items() if part in source.plain_name)
    format_ = _BY_SUFFIX.get(source.suffix) or next(by_name)
    with source.plain_path() as path:
        for atoms in iread(str(path), ":", format=format_):
            yield entry_of_atoms(atoms)
