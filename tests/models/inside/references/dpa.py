"""DeePMD-kit's own potential."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from ase import Atoms
from ase.data import atomic_numbers

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`DeepPot.eval_descriptor`, and the energy, forces and all that `deepmd.calculator.DP` gives."""
    from deepmd.calculator import DP
    from deepmd.pt.train.wrapper import ModelWrapper

    from matterzoo_adapters.models.dpa import small

    parameters = small(adapter.model.get_type_map())
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model.pt"
        torch.save({"model": ModelWrapper(adapter.model, model_params=parameters).state_dict()}, file)
        calculator = DP(file)

    def call(atoms: Atoms) -> Answer:
        atoms = atoms.copy()
        atoms.calc = calculator
        types = [calculator.type_dict[symbol] for symbol in atoms.get_chemical_symbols()]
        cell = atoms.cell.array.reshape(1, 9) if atoms.pbc.any() else None
        vectors = calculator.dp.eval_descriptor(atoms.positions.reshape(1, -1), cell, types)[0]
        return vectors, atoms.get_potential_energy()

    return call


def known_elements(adapter: Any) -> list[int]:
    """Return the elements that the loaded model itself lists."""
    return sorted(atomic_numbers[symbol] for symbol in adapter.model.get_type_map())
