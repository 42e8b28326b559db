"""UPET's own way: the checkpoint, read and compiled by `get_upet`, asked by metatomic's calculator."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """One structure at a time through a compiled model; random weights go through a checkpoint of metatrain's format."""
    import torch
    from metatomic.torch import ModelOutput
    from metatomic_ase import MetatomicCalculator
    from upet import get_upet

    with tempfile.TemporaryDirectory() as folder:
        path = adapter.setup.weights
        if adapter.setup.random_weights:
            path = Path(folder) / "random.ckpt"
            torch.save(adapter.model.module.get_checkpoint(), path)
        calculator = MetatomicCalculator(get_upet(checkpoint_path=path), device="cpu")

    def call(atoms: Atoms) -> Answer:
        atoms = atoms.copy()
        atoms.calc = calculator
        features = calculator.run_model(atoms, {"feature": ModelOutput(sample_kind="atom")})["feature"].block().values
        return features.detach().numpy(), atoms.get_potential_energy()

    return call


def known_elements(adapter: Any) -> list[int]:
    """Return the elements that the loaded checkpoint itself lists."""
    return sorted(adapter.model.capabilities().atomic_types)
