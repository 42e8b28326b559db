"""Save random weights as a family's checkpoints are saved, load them as trained ones: `saved.py setups.json out.json`."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import references
from ase import Atoms
from measure import Measured, against_package, load
from structures import crystals, others

from matterzoo_adapters.base import Setup
from matterzoo_adapters.worker.loading import fingerprint


def untrained(setup: Setup) -> Setup:
    """Return the same setup with the weights of the package's constructor."""
    return replace(setup, card={**setup.card, "checkpoint": {"source": "none"}})


def samples(domain: Mapping[str, Any]) -> list[Atoms]:
    """Return a crystal and a molecule, or the one of them that the model takes."""
    known = set(domain["elements"] or range(1, 119))
    given = [crystals()[1]] * domain["periodic"] + [others()[0]] * domain["non_periodic"]
    return [atoms for atoms in given if known.issuperset(atoms.numbers)]


def measure(setup: Setup) -> dict[str, float | bool]:
    """Compare the adapter, given the saved file, with the model that was saved and with the package's own loader."""
    family = references.of(setup.card["family"])
    assert family is not None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pt"
        before = load(untrained(setup), seed=7)
        family.save(before, path)
        after = load(replace(setup, weights=str(path)))
        package = against_package(Measured(after), family.reloaded(setup.model, path), samples(setup.card["domain"]))
    kept = fingerprint(before.weights())[0] == fingerprint(after.weights())[0]
    return {"kept": kept, **package}


if __name__ == "__main__":
    setups = [Setup(**arguments) for arguments in json.loads(Path(sys.argv[1]).read_text())]
    Path(sys.argv[2]).write_text(json.dumps({setup.model: measure(setup) for setup in setups}))
