"""Orb's own calculator."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`ORBCalculator`, forces and all, with what leaves its backbone written down on the way."""
    return _calculated(deepcopy(adapter.model))


def save(adapter: Any, path: Path) -> None:
    """Write a state dict, as the released checkpoints are."""
    import torch

    torch.save(adapter.model.state_dict(), path)


def reloaded(model: str, path: Path) -> Reference:
    """The package's own function of that model's name, reading another file."""
    from orb_models.forcefield.pretrained import ORB_PRETRAINED_MODELS

    load = ORB_PRETRAINED_MODELS[model]
    return _calculated(load(weights_path=str(path), device="cpu", precision="float32-highest", compile=False))


def _calculated(model: Any) -> Reference:
    from orb_models.forcefield.calculator import ORBCalculator

    calculator = ORBCalculator(model, device="cpu")
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
