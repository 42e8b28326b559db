"""Measure one adapter in its model's own environment: `python measure.py setup.json answer.json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import references
from ase import Atoms
from asking import Asked, batched, deviation, fingerprints, load
from structures import atoms_batch, crystals, doubled, others, permuted, rotated, translated

from matterzoo_adapters.backends import backend
from matterzoo_adapters.base import Setup
from matterzoo_adapters.pooling import pool
from matterzoo_adapters.worker.engine import Engine
from matterzoo_schemas.shard import Status


class Measured(Asked):
    """An adapter's answers to structures."""

    def pooled(self, structures: list[Atoms]) -> np.ndarray:
        """Return mean vectors [n, d]."""
        nodes, _ = self.embed(atoms_batch(structures))
        offsets = np.concatenate([[0], np.cumsum([len(part) for part in nodes])])
        return pool(np.concatenate(nodes), offsets, "mean")


def against_package(measured: Measured, reference: references.Reference, structures: list[Atoms]) -> dict[str, float]:
    """Compare with the package's own call: vectors relative to their norm, energies in eV/atom."""
    ours, energies = measured.embed(atoms_batch(structures))
    vectors, differences = [], []
    for row, atoms in enumerate(structures):
        theirs, energy = reference(atoms)
        mine = ours[row] if len(theirs) == len(ours[row]) else ours[row].mean(axis=0, keepdims=True)
        vectors.append(deviation(mine, theirs))
        if energies is not None and energy is not None:
            differences.append(abs(float(energies[row]) - energy) / len(atoms))
    return {"vectors": max(vectors), "energy": max(differences, default=0.0)}


def statuses(measured: Measured, structures: list[Atoms]) -> list[str]:
    """Run structures as a shard, and say what became of each."""
    engine = Engine(measured.adapter, backend(measured.adapter.backend))
    answer = engine.run(atoms_batch(structures).records, lambda _rows, _ids: None, {}, {}, ())
    return [f"{Status(code).name}: {reason}" for code, reason in zip(answer.status, answer.reason, strict=True)]


def measure(setup: Setup) -> dict[str, Any]:
    """Return every measurement by name."""
    adapter = load(setup)
    measured = Measured(adapter)
    domain = setup.card["domain"]
    family = references.of(setup.card["family"])
    found: dict[str, Any] = {
        "fingerprints": fingerprints(setup, adapter),
        "elements": family.known_elements(adapter) if hasattr(family, "known_elements") else None,
    }
    known = set(domain["elements"] or range(1, 119))
    given = (crystals() if domain["periodic"] else []) + (others() if domain["non_periodic"] else [])
    allowed = [atoms for atoms in given if domain["periodic"] or not atoms.pbc.any()]
    fitting = [atoms for atoms in allowed if known.issuperset(atoms.numbers)]
    refused = adapter.refuse(atoms_batch(fitting))
    structures = [atoms for row, atoms in enumerate(fitting) if row not in refused]
    stranger = max(set(range(1, 119)) - known, default=118)
    batch = atoms_batch(structures)
    before = batch.records.identity
    nodes, _ = measured.embed(batch)
    again, _ = measured.embed(batch)
    found |= {
        "atoms": [int((atoms.numbers > measured.heavy_only).sum()) for atoms in structures],
        "rows": [len(part) for part in nodes],
        "dim": nodes[0].shape[1],
        "finite": bool(np.isfinite(np.concatenate(nodes)).all()),
        "repeat": max(float(np.abs(a - b).max()) for a, b in zip(nodes, again, strict=True)),
        "unchanged": before == batch.records.identity == atoms_batch(structures).records.identity,
        "batch": batched(measured, batch),
        "refused": statuses(measured, [structures[0], Atoms([stranger] * 2, [(0, 0, 0), (0, 0, 3)], cell=[8, 8, 8], pbc=True),
                                       Atoms("He", cell=[20, 20, 20], pbc=True), Atoms("H2", [(0, 0, 0), (0, 0, 1)])]),
    }  # fmt: skip
    if family is not None:
        found["package"] = against_package(measured, family.reference(adapter), structures)
    moves: dict[str, Callable[[Atoms], Atoms]] = {
        "rotated": rotated, "translated": translated, "permuted": permuted, "doubled": doubled,
    }  # fmt: skip
    still = measured.pooled(structures)
    for name, move in moves.items():
        moved = measured.pooled([move(atoms) for atoms in structures])
        found[name] = max(deviation(a, b) for a, b in zip(moved, still, strict=True))
    return found | default_dtype()


def default_dtype() -> dict[str, str]:
    """Say whether a package changed torch's default for everyone."""
    torch = sys.modules.get("torch")
    return {"default_dtype": str(torch.get_default_dtype()) if torch else "torch.float32"}


if __name__ == "__main__":
    arguments = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(json.dumps(measure(Setup(**arguments))))
