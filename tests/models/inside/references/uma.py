"""FAIRChem's own calculator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`FAIRChemCalculator`, and the `embeddings` that its head hands out beside the energy."""
    return _calculated(adapter.unit, adapter.task)


def save(adapter: Any, path: Path) -> None:
    """Write an inference checkpoint with the adapter's weights."""
    import torch

    from matterzoo_adapters.models.fairchem import random_checkpoint

    checkpoint = random_checkpoint(list(adapter.unit.dataset_to_tasks))
    checkpoint.model_state_dict = adapter.model.module.state_dict()
    checkpoint.ema_state_dict = adapter.model.state_dict()
    torch.save(checkpoint, path)


def reloaded(model: str, path: Path) -> Reference:
    """The package's own loader and calculator, with forces and stress."""
    from fairchem.core.units.mlip_unit import load_predict_unit

    unit = load_predict_unit(path, inference_settings="batch", device="cpu")
    return _calculated(unit, "omat" if model.startswith("uma") else "omol")


def _calculated(unit: Any, task: str) -> Reference:
    from fairchem.core import FAIRChemCalculator
    from fairchem.core.units.mlip_unit.mlip_unit import OutputSpec, Task

    normalizer = unit.dataset_to_tasks[task][0].normalizer
    exposed = Task(f"{task}_embeddings", "atom", "embeddings", OutputSpec([-1], "float32"), normalizer, [task])
    calculator = FAIRChemCalculator(unit, task_name=task)

    def call(atoms: Atoms) -> Answer:
        atoms = atoms.copy()
        atoms.calc = calculator
        energy = atoms.get_potential_energy()
        unit.tasks[exposed.name] = exposed
        unit.dataset_to_tasks[task].append(exposed)
        nodes = unit.predict(calculator.a2g(atoms))["embeddings"]
        unit.dataset_to_tasks[task].remove(exposed)
        del unit.tasks[exposed.name]
        return nodes[:, 0].detach().cpu().numpy(), energy

    return call
