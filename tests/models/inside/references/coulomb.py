"""matminer's matrices: another package than the one that is used."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """The eigenvalues, largest modulus first, of the matrices as matminer writes them down."""
    from matminer.featurizers.structure.matrix import ANG_TO_BOHR, CoulombMatrix, SineCoulombMatrix
    from pymatgen.io.ase import AseAtomsAdaptor

    length = adapter.setup.card["domain"]["max_nodes"]

    def call(atoms: Atoms) -> Answer:
        atoms = atoms.copy()
        atoms.set_cell(atoms.cell / ANG_TO_BOHR)  # matminer counts in bohr, DScribe in Å
        atoms.positions /= ANG_TO_BOHR
        if atoms.pbc.any():
            matrix = SineCoulombMatrix(flatten=False).featurize(AseAtomsAdaptor.get_structure(atoms))[0]
        else:
            matrix = CoulombMatrix(flatten=False).featurize(AseAtomsAdaptor.get_molecule(atoms))[0]
        values = np.linalg.eigvalsh(matrix)
        ordered = values[np.argsort(-np.abs(values))]
        return np.pad(ordered, (0, length - len(ordered)))[None], None

    return call
