"""ALIGNN's own calculator."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
from ase import Atoms

from references import Answer, Reference

GRAPHS: dict[str, Any] = {"neighbor_strategy": "pure_torch", "use_canonize": False}
"""Which graphs, as the configuration of a training says it."""


def reference(adapter: Any) -> Reference:
    """`AlignnAtomwiseCalculator`, with what enters its mean written down on the way."""
    from alignn.ff.calculators import AlignnAtomwiseCalculator

    model = deepcopy(adapter.model).requires_grad_(True)
    model.config.calculate_gradient = True
    return _called(AlignnAtomwiseCalculator(model=model, config=_config(adapter), device="cpu"))


def save(adapter: Any, path: Path) -> None:
    """Write an archive as it is published: in one folder, and the weights as the training saves them."""
    import torch

    weights = path.with_name("best_model.pt")
    torch.save(adapter.model.state_dict(), weights)
    with ZipFile(path, "w") as archive:
        archive.write(weights, "published/best_model.pt")
        archive.writestr("published/config.json", json.dumps(_config(adapter)))


def reloaded(_model: str, path: Path) -> Reference:
    """`AlignnAtomwiseCalculator` of the unpacked archive."""
    from alignn.ff.calculators import AlignnAtomwiseCalculator

    ZipFile(path).extractall(path.parent)
    return _called(AlignnAtomwiseCalculator(path=str(path.parent / "published"), device="cpu"))


def _config(adapter: Any) -> dict[str, Any]:
    """Return the configuration of a force field, or of a property's network, whose triplets reach as far as its edges."""
    from matterzoo_adapters.models.alignn import RANDOM

    config = deepcopy(RANDOM | GRAPHS)
    config["model"]["calculate_gradient"] = adapter.has_energy
    if not adapter.has_energy:
        del config["three_body_cutoff"]
    return config


def _called(calculator: Any) -> Reference:
    seen: list[np.ndarray] = []
    last = calculator.model.gcn_layers[-1]
    last.register_forward_hook(lambda *passed: seen.append(passed[-1][0].detach().numpy().copy()))

    def call(atoms: Atoms) -> Answer:
        wrapped = atoms.copy()
        wrapped.wrap()
        calculator.calculate(wrapped)
        return seen[-1], float(calculator.results["energy"])

    return call
