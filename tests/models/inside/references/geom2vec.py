"""Geom2Vec's own call."""

from __future__ import annotations

from typing import Any

from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """One conformation at a time; it has no energies."""
    import torch

    def call(atoms: Atoms) -> Answer:
        numbers = torch.as_tensor(atoms.numbers, dtype=torch.long)
        positions = torch.as_tensor(atoms.positions, dtype=torch.float32)
        with torch.no_grad():
            scalars, _, _ = adapter.model(numbers, positions, torch.zeros_like(numbers))
        return scalars.numpy(), None

    return call
