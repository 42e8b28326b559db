"""Fill Nequix's graphs up to several sizes, and count its compilations: `python nequix_padding.py setup.json answer.json`."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from measure import Measured, deviation, load
from structures import atoms_batch, crystals, others

from matterzoo_adapters.base import Setup
from matterzoo_adapters.worker.loading import fingerprint


def measure(setup: Setup) -> dict[str, Any]:
    """Return every measurement by name."""
    from nequix.model import save_model

    adapter: Any = load(setup)
    family = sys.modules[type(adapter).__module__]
    structures = [*crystals(), *others()]
    graph = family.joined([adapter._graph(atoms) for atoms in atoms_batch(structures).ase_atoms])
    atoms = len(graph["species"])
    least = family.padded(graph, adapter.model.cutoff)
    more = family.padded(least, adapter.model.cutoff)
    small, large = (np.asarray(family.compiled(adapter.model, **one)[0])[:atoms] for one in (least, more))
    shapes = {
        tuple(len(family.padded(adapter._graph(atoms), 6.0)[name]) for name in ("species", "senders"))
        for atoms in atoms_batch(structures).ase_atoms
    }
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "saved.nqx"
        save_model(str(file), adapter.model, family.SMALL | {"atomic_numbers": list(adapter.index)})
        real = {**setup.card, "checkpoint": {**setup.card["checkpoint"], "source": "url"}}
        loaded = load(replace(setup, card=real, weights=str(file)), seed=1)
    (ours, _), (theirs, _) = (Measured(one).embed(atoms_batch(structures[:1])) for one in (loaded, adapter))
    return {
        "sizes": [atoms, len(least["species"]), len(more["species"]), len(least["senders"]), len(more["senders"])],
        "padding": deviation(large, small),
        "structures": len(structures),
        "shapes": len(shapes),
        "fingerprints": [fingerprint(adapter.weights())[0], fingerprint(loaded.weights())[0]],
        "loaded": deviation(ours[0], theirs[0]),
    }


if __name__ == "__main__":
    given = Setup(**json.loads(Path(sys.argv[1]).read_text()))
    Path(sys.argv[2]).write_text(json.dumps(measure(given)))
