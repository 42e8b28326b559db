"""MACE's own calculator."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`MACECalculator.get_descriptors` and its energy, forces and all."""
    from mace.calculators import MACECalculator

    dtype = adapter.setup.options.get("dtype", "float32")
    calculator = MACECalculator(models=deepcopy(adapter.model), device="cpu", default_dtype=dtype)

    def call(atoms: Atoms) -> Answer:
        atoms = atoms.copy()
        atoms.calc = calculator
        return calculator.get_descriptors(atoms, invariants_only=True, num_layers=-1), atoms.get_potential_energy()

    return call


def known_elements(adapter: Any) -> list[int]:
    """Return the elements that the loaded checkpoint itself lists."""
    return sorted(int(number) for number in adapter.model.atomic_numbers)
