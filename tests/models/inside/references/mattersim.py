"""MatterSim's own calculator."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`MatterSimCalculator`, forces and stress and all, with what enters its readout written down on the way."""
    from mattersim.forcefield.potential import MatterSimCalculator, Potential

    potential = Potential(deepcopy(adapter.model), device="cpu")
    return _calculated(MatterSimCalculator(potential=potential, device="cpu"))


def save(adapter: Any, path: Path) -> None:
    """Write what the package's own `Potential.save` writes, optimizer and all."""
    adapter.potential.save(str(path))


def reloaded(_model: str, path: Path) -> Reference:
    """The package's own calculator, reading a file."""
    from mattersim.forcefield.potential import MatterSimCalculator

    return _calculated(MatterSimCalculator(load_path=str(path), device="cpu"))


def _calculated(calculator: Any) -> Reference:
    seen: list[np.ndarray] = []
    calculator.potential.model.final.register_forward_pre_hook(
        lambda _, arguments: seen.append(arguments[0].detach().numpy().copy())
    )

    def call(atoms: Atoms) -> Answer:
        atoms = atoms.copy()
        atoms.calc = calculator
        energy = float(atoms.get_potential_energy())
        return seen[-1], energy

    return call
