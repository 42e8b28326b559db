"""The G2 test set: 162 small molecules, radicals and atoms, as ASE has them.

References
----------
Curtiss, Raghavachari, Redfern and Pople, J. Chem. Phys. 1997, 106, 1063 (the geometries, MP2/6-31G(d)).
"""

from __future__ import annotations

from ase.collections import g2

from matterzoo_harness.conversions import provide
from matterzoo_harness.readers.objects import from_atoms
from matterzoo_schemas.records import Records


def build() -> Records:
    """Return neutral molecules with the views `atoms` and, where bond perception tells one, `smiles`.

    The spin multiplicity follows from the magnetic moments that ASE's collection holds.
    """
    structures = []
    for name in sorted(g2.names):
        atoms = g2[name]
        unpaired = round(abs(atoms.get_initial_magnetic_moments().sum()))
        atoms.info = {"name": name, "charge": 0, "multiplicity": unpaired + 1}
        structures.append(atoms)
    return provide(from_atoms(structures), "smiles").records
