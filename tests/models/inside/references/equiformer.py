"""FAIRChem 1's own calculator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`OCPCalculator`, with the embedding that its energy head reads written down on the way."""
    return _calculated(adapter.calculator)


def save(adapter: Any, path: Path) -> None:
    """Write what the package's trainers write, of what inference reads."""
    import torch

    from matterzoo_adapters.models.equiformer import random_checkpoint

    checkpoint = random_checkpoint(adapter.setup.card["family"])
    torch.save({**checkpoint, "state_dict": adapter.model.state_dict()}, path)


def reloaded(_model: str, path: Path) -> Reference:
    """The package's own loader, with forces (and stress) where they are gradients."""
    from fairchem.core import OCPCalculator

    return _calculated(OCPCalculator(checkpoint_path=path, cpu=True, seed=0))


def _calculated(calculator: Any) -> Reference:
    seen: list[np.ndarray] = []
    head = calculator.trainer._unwrapped_model.output_heads["energy"]

    def keep(_: Any, arguments: Any) -> None:
        nodes = arguments[1]["node_embedding"]
        seen.append(getattr(nodes, "embedding", nodes)[:, 0].detach().numpy().copy())

    head.register_forward_pre_hook(keep)

    def call(atoms: Atoms) -> Answer:
        atoms = atoms.copy()
        calculator.calculate(atoms, ["energy"], [])
        return seen[-1], float(calculator.results["energy"])

    return call
