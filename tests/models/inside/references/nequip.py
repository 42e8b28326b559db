"""NequIP's own calculator, for NequIP and Allegro."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.data import atomic_numbers

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`NequIPCalculator`'s energy, forces and all, and what enters the module that it reads the energy from."""
    from nequip.integrations.ase import NequIPCalculator
    from nequip.nn import ForceStressOutput
    from nequip.utils import torch_default_dtype

    model = deepcopy(adapter.model)
    model.model = ForceStressOutput(model.model)
    calculator = NequIPCalculator(model, device="cpu", transforms=adapter.transforms)
    readouts = dict(model.model.func.named_children())
    on_edges = "edge_readout" in readouts

    def call(atoms: Atoms) -> Answer:
        entered: list[dict[str, torch.Tensor]] = []
        readout = readouts["edge_readout" if on_edges else "per_atom_energy_readout"]
        handle = readout.register_forward_pre_hook(lambda _, arguments: entered.append(dict(arguments[0])))
        with torch_default_dtype(torch.float64):
            atoms = atoms.copy()
            atoms.calc = calculator
            energy = atoms.get_potential_energy()
        handle.remove()
        if not on_edges:
            return entered[0]["node_features"].detach().numpy(), energy
        features = entered[0]["edge_features"].detach().double().numpy()
        vectors = np.zeros((len(atoms), features.shape[1]))
        np.add.at(vectors, entered[0]["edge_index"][0].numpy(), features)
        return vectors, energy

    return call


def known_elements(adapter: Any) -> list[int]:
    """Return the elements that the loaded model itself lists."""
    return sorted(atomic_numbers[name] for name in adapter.model.type_names)
