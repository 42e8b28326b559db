"""ALIGNN's own calculator."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`AlignnAtomwiseCalculator`, with what enters its mean written down on the way."""
    from alignn.ff.calculators import AlignnAtomwiseCalculator

    from matterzoo_adapters.models.alignn import RANDOM

    model = deepcopy(adapter.model).requires_grad_(True)
    model.config.calculate_gradient = True
    seen: list[np.ndarray] = []
    model.gcn_layers[-1].register_forward_hook(lambda *passed: seen.append(passed[-1][0].detach().numpy().copy()))
    config = RANDOM | {"neighbor_strategy": "pure_torch", "use_canonize": False}
    calculator = AlignnAtomwiseCalculator(model=model, config=deepcopy(config), device="cpu")

    def call(atoms: Atoms) -> Answer:
        wrapped = atoms.copy()
        wrapped.wrap()
        calculator.calculate(wrapped)
        return seen[-1], float(calculator.results["energy"])

    return call
