"""Orb's own calculator."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`ORBCalculator`, forces and all, with what leaves its backbone written down on the way."""
    from orb_models.forcefield.calculator import ORBCalculator

    calculator = ORBCalculator(deepcopy(adapter.model), device="cpu")
    seen: list[np.ndarray] = []
    calculator.model.model.register_forward_hook(
        lambda _module, _arguments, output: seen.append(output["node_features"].detach().numpy().copy())
    )

    def call(atoms: Atoms) -> Answer:
        atoms = atoms.copy()
        atoms.calc = calculator
        energy = float(atoms.get_potential_energy())
        return seen[-1], energy

    return call
