"""AIMNet2's own calculator."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`AIMNet2ASE`, and the key `aim` of its model's answer without the row of padding."""
    from aimnet.calculators import AIMNet2ASE, AIMNet2Calculator

    calculator = AIMNet2Calculator(adapter.model, device="cpu")
    seen: list[np.ndarray] = []
    adapter.model.register_forward_hook(lambda _module, _in, answer: seen.append(answer["aim"].detach().numpy().copy()))

    def call(atoms: Atoms) -> Answer:
        atoms = atoms.copy()
        atoms.calc = AIMNet2ASE(calculator)
        energy = atoms.get_potential_energy()
        return seen[-1][: len(atoms)], float(energy)

    return call
