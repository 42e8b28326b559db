"""Embed a fixed set of structures our way and the package's own way: `python rate.py setup.json`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import references
from ase import Atoms
from ase.build import molecule
from ase.collections import g2
from clock import mixed
from measure import load
from structures import atoms_batch

from matterzoo_adapters.backends import backend
from matterzoo_adapters.base import Setup
from matterzoo_adapters.worker.engine import Engine
from matterzoo_schemas.shard import Status


def fixed_set() -> list[Atoms]:
    """Return 100 shaken crystals of 1 to 54 atoms and 100 shaken molecules."""
    names = [name for name in g2.names if len(molecule(name)) > 1][:100]
    molecules = [molecule(name) for name in names]
    for seed, atoms in enumerate(molecules):
        atoms.rattle(0.03, seed=seed)
    return mixed(100) + molecules


def main() -> None:
    """Print as JSON how many structures the model takes, and the CPU seconds of both ways, the second round each."""
    setup = Setup(**json.loads(Path(sys.argv[1]).read_text()))
    adapter = load(setup)
    engine = Engine(adapter, backend(adapter.backend))
    structures = fixed_set()
    family = references.of(setup.card["family"])
    answer = engine.run(atoms_batch(structures).records, lambda _rows, _ids: None, {}, {}, ())
    taken = [structures[row] for row in np.flatnonzero(answer.status == Status.OK)]
    records, call = atoms_batch(taken).records, family.reference(adapter) if family else None
    seconds = {"ours": 0.0, "loop": 0.0}
    for _ in range(2):
        start = time.process_time()
        engine.run(records, lambda _rows, _ids: None, {}, {}, ())
        seconds["ours"] = time.process_time() - start
        if call:
            start = time.process_time()
            for atoms in taken:
                call(atoms)
            seconds["loop"] = time.process_time() - start
    print(json.dumps({"taken": len(taken), "refused": len(structures) - len(taken), **seconds}))


if __name__ == "__main__":
    main()
