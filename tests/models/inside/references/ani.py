"""TorchANI's own calculator."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`ANI.ase` and what enters the last layer of each element's network in it; other elements' columns are zero.

    In double precision: the package sums hundreds of Hartree in single, which rounds a molecule's energy by 1e-3 eV.
    """
    model = deepcopy(adapter.model).double()
    calculator = model.ase()
    networks = model.neural_networks.atomics
    widths = [network.final_layer.in_features for network in networks.values()]
    seen: dict[str, np.ndarray] = {}
    for symbol, network in networks.items():
        network.final_layer.register_forward_pre_hook(
            lambda _, arguments, symbol=symbol: seen.__setitem__(symbol, arguments[0].detach().numpy().copy())
        )

    def call(atoms: Atoms) -> Answer:
        seen.clear()
        atoms = atoms.copy()
        atoms.calc = calculator
        energy = atoms.get_potential_energy()
        vectors, start = np.zeros((len(atoms), sum(widths))), 0
        for symbol, width in zip(networks, widths, strict=True):
            if symbol in seen:
                vectors[np.array(atoms.get_chemical_symbols()) == symbol, start : start + width] = seen[symbol]
            start += width
        return vectors, energy

    return call


def known_elements(adapter: Any) -> list[int]:
    """Return the elements that the loaded checkpoint itself lists."""
    return sorted(int(number) for number in adapter.model.atomic_numbers)
