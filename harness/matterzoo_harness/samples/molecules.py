"""The G2 test set: 162 small molecules, radicals and atoms, as ASE has them.

References
----------
Curtiss, Raghavachari, Redfern and Pople, J. Chem. Phys. 1997, 106, 1063 (the geometries, MP2/6-31G(d)).
"""

from __future__ import annotations

from threading import Lock

from ase.collections import g2

from matterzoo_harness.conversions import provide
from matterzoo_harness.readers.objects import from_atoms
from matterzoo_schemas.records import Records

_FIRST_LOOK = Lock()
"""ASE reads the collection when it is first looked at; two threads that look together would each add every name."""


def build() -> Records:
    """Return neutral molecules with the views `atoms` and, where bond perception tells one, `smiles`.

    The spin multiplicity follows from the magnetic moments that ASE's collection holds.
    """
    structures = []
    with _FIRST_LOOK:
        names = sorted(g2.names)
    for name in names:
        atoms = g2[name]
        unpaired = round(abs(atoms.get_initial_magnetic_moments().sum()))
        atoms.info = {"name": name, "charge": 0, "multiplicity": unpaired + 1}
        structures.append(atoms)
    return provide(from_atoms(structures), "smiles").records
