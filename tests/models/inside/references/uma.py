"""FAIRChem's own calculator."""

from __future__ import annotations

from typing import Any

from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`FAIRChemCalculator`, and the `embeddings` that its head hands out beside the energy."""
    from fairchem.core import FAIRChemCalculator
    from fairchem.core.units.mlip_unit.mlip_unit import OutputSpec, Task

    unit, task = adapter.unit, adapter.task
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
        return nodes[:, 0].cpu().numpy(), energy

    return call
