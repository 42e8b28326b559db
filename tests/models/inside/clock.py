"""Time one model in its own environment, four ways: `python clock.py setup.json structures rounds`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import bulk
from measure import load
from structures import atoms_batch

from matterzoo_adapters.backends import backend
from matterzoo_adapters.base import Setup
from matterzoo_adapters.worker.engine import Engine

PROTOTYPES = [
    ("Cu", "fcc", 3.6), ("Al", "fcc", 4.05), ("Ni", "fcc", 3.52), ("Fe", "bcc", 2.87), ("W", "bcc", 3.16),
    ("Si", "diamond", 5.43), ("Ge", "diamond", 5.66), ("NaCl", "rocksalt", 5.64), ("MgO", "rocksalt", 4.21),
    ("LiF", "rocksalt", 4.03), ("GaAs", "zincblende", 5.65), ("ZnS", "zincblende", 5.41), ("CsCl", "cesiumchloride", 4.12),
]  # fmt: skip
Ways = dict[str, Callable[[], Any]]


def mixed(count: int) -> list[Atoms]:
    """Return shaken crystals of 1 to 54 atoms."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(count):
        formula, prototype, edge = PROTOTYPES[rng.integers(len(PROTOTYPES))]
        cell = bulk(formula, prototype, a=edge * rng.uniform(0.95, 1.08))
        atoms = cell.repeat(tuple(int(times) for times in rng.integers(1, 4, size=3)))
        atoms.rattle(0.08, seed=int(rng.integers(2**31)))
        made.append(atoms)
    return made


def chgnet(_setup: Setup, structures: list[Atoms]) -> Ways:
    """Return `predict_structure`, as its readme has it."""
    from chgnet.model.model import CHGNet
    from pymatgen.io.ase import AseAtomsAdaptor

    model = CHGNet.load(model_name=_setup.card["version"], use_device="cpu", verbose=False)
    crystals = [AseAtomsAdaptor.get_structure(atoms) for atoms in structures]
    return {
        "loop": lambda: [model.predict_structure(crystal) for crystal in crystals],
        "loop, energy only": lambda: [model.predict_structure(crystal, task="e") for crystal in crystals],
        "package's batches": lambda: model.predict_structure(crystals, task="e"),
    }


def sevennet(setup: Setup, structures: list[Atoms]) -> Ways:
    """Return `SevenNetCalculator`, and the loop over batches of `sevenn inference` (four a batch, its default)."""
    import sevenn
    import torch
    from sevenn.atom_graph_data import AtomGraphData
    from sevenn.calculator import SevenNetCalculator
    from sevenn.checkpoint import SevenNetCheckpoint
    from sevenn.train.dataload import unlabeled_atoms_to_graph
    from torch_geometric.loader import DataLoader

    file = f"{sevenn.__path__[0]}/{setup.card['checkpoint']['file']}"
    full = SevenNetCalculator(file, device="cpu", modal=setup.options.get("modal"))
    bare, batched = (SevenNetCheckpoint(file).build_model().eval() for _ in range(2))
    for model in (bare, batched):
        model.delete_module_by_key("force_output")
        model.key_grad = None
        model.set_is_batch_data(model is batched)

    def loop() -> None:
        for atoms in structures:
            structure = atoms.copy()
            structure.calc = full
            structure.get_potential_energy()

    def graphs() -> list[Any]:
        return [AtomGraphData.from_numpy_dict(unlabeled_atoms_to_graph(a, bare.cutoff)) for a in structures]

    @torch.inference_mode()
    def energies() -> None:
        for graph in graphs():
            bare(graph)

    @torch.inference_mode()
    def batches() -> None:
        for batch in DataLoader(graphs(), 4):
            batched(batch)

    return {"loop": loop, "loop, energy only": energies, "package's batches": batches}


def main() -> None:
    """Print the shortest CPU seconds of each way as JSON, and leave the structures beside the setup."""
    setup = Setup(**json.loads(Path(sys.argv[1]).read_text()))
    structures, rounds = mixed(int(sys.argv[2])), int(sys.argv[3])
    engine = Engine(load(setup), backend("torch"))
    records = atoms_batch(structures).records
    records.write(Path(sys.argv[1]).with_name("records.safetensors"))
    ways: Ways = {"matterzoo": lambda: engine.run(records, lambda _rows, _ids: None, {}, {}, ())}
    ways |= {"chgnet": chgnet, "sevennet": sevennet}[setup.card["family"]](setup, structures)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.process_time()
            way()
            seconds[name].append(time.process_time() - start)
    print(json.dumps({name: min(taken) for name, taken in seconds.items()}))


if __name__ == "__main__":
    main()
