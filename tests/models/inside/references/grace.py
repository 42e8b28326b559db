"""GRACE's own calculator."""

from __future__ import annotations

from typing import Any

from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`TPCalculator` with the basis functions as extra properties, as the authors' own example has it."""
    from tensorpotential.calculator import TPCalculator

    names = {"last": "2L_basis" if adapter.model.compute_function.extract_2L_basis else "1L_basis", "first": "1L_basis"}
    wanted = names[adapter.setup.card["embedding"]["default"]]
    calculator = TPCalculator(model=adapter.model, extra_properties=[wanted], truncate_extras_by_natoms=True)

    def call(atoms: Atoms) -> Answer:
        atoms = atoms.copy()
        atoms.calc = calculator
        energy = atoms.get_potential_energy()
        return calculator.results[wanted], energy

    return call


def known_elements(adapter: Any) -> list[int]:
    """Return the elements that the loaded checkpoint itself lists."""
    return list(adapter.elements)
