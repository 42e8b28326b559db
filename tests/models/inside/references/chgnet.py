"""CHGNet's own call."""

from __future__ import annotations

from typing import Any

from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`predict_structure`: its crystal feature is the sum over atoms of the features that enter the MLP."""
    from pymatgen.io.ase import AseAtomsAdaptor

    def call(atoms: Atoms) -> Answer:
        structure = AseAtomsAdaptor.get_structure(atoms)
        answer = adapter.model.predict_structure(structure, task="e", return_crystal_feas=True)
        return answer["crystal_fea"][None] / len(atoms), float(answer["e"]) * len(atoms)

    return call
