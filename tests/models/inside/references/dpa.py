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
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        save(adapter, path)
        return reloaded(adapter.setup.model, path)


def known_elements(adapter: Any) -> list[int]:
    """Return the elements that the loaded model itself lists."""
    return sorted(atomic_numbers[symbol] for symbol in adapter.model.get_type_map())


def save(adapter: Any, path: Path) -> None:
    """Write a checkpoint as a training does: of one model, or of two branches where the card names one."""
    from deepmd.pt.model.model import get_model
    from deepmd.pt.train.wrapper import ModelWrapper

    from matterzoo_adapters.models.dpa import small

    model, parameters = adapter.model, small(adapter.model.get_type_map())
    if head := adapter.setup.options.get("head"):
        model = {head: model, "Another": get_model(parameters)}
        parameters = {"model_dict": dict.fromkeys(model, parameters)}
    torch.save({"model": ModelWrapper(model, model_params=parameters).state_dict()}, path)


def reloaded(model: str, path: Path) -> Reference:
    """Return `deepmd.calculator.DP` as the package makes it of a file, of its first branch if it has some."""
    from deepmd.calculator import DP

    del model
    parameters = torch.load(path, weights_only=True)["model"]["_extra_state"]["model_params"]
    calculator = DP(path, head=next(iter(parameters.get("model_dict", {})), None))

    def call(atoms: Atoms) -> Answer:
        atoms = atoms.copy()
        atoms.calc = calculator
        types = [calculator.type_dict[symbol] for symbol in atoms.get_chemical_symbols()]
        cell = atoms.cell.array.reshape(1, 9) if atoms.pbc.any() else None
        vectors = calculator.dp.eval_descriptor(atoms.positions.reshape(1, -1), cell, types)[0]
        return vectors, atoms.get_potential_energy()

    return call
