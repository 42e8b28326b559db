"""UPET's own way: the checkpoint, read and compiled by `get_upet`, asked by metatomic's calculator."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from ase import Atoms

from references import Answer, Reference


def save(adapter: Any, path: Path) -> None:
    """Write a checkpoint of metatrain's format, which UPET publishes."""
    import torch

    torch.save(adapter.model.module.get_checkpoint(), path)


def reloaded(model: str, path: Path) -> Reference:
    """Ask a compiled model, one structure at a time."""
    from metatomic.torch import ModelOutput
    from metatomic_ase import MetatomicCalculator
    from upet import get_upet

    del model
    calculator = MetatomicCalculator(get_upet(checkpoint_path=path), device="cpu")

    def call(atoms: Atoms) -> Answer:
        atoms = atoms.copy()
        atoms.calc = calculator
        features = calculator.run_model(atoms, {"feature": ModelOutput(sample_kind="atom")})["feature"].block().values
        return features.detach().numpy(), atoms.get_potential_energy()

    return call


def reference(adapter: Any) -> Reference:
    """As for a published checkpoint: random weights are saved as one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.ckpt"
        save(adapter, path)
        return reloaded(adapter.setup.model, path)


def known_elements(adapter: Any) -> list[int]:
    """Return the elements that the loaded checkpoint itself lists."""
    return sorted(adapter.model.capabilities().atomic_types)
