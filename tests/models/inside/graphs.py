"""Save a random graph network as its checkpoint is published, load it as a trained one: `graphs.py setup.json out.json`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import references
from asking import Asked, deviation, load
from strings import STRINGS, text_batch

from matterzoo_adapters.base import Setup
from matterzoo_adapters.worker.loading import fingerprint


def measure(setup: Setup, path: Path) -> dict[str, Any]:
    """Compare the adapter, given the saved file, with the network that was saved and with the package's own loader."""
    family = references.of(setup.card["family"])
    untrained = replace(setup, card={**setup.card, "checkpoint": {"source": "none"}})
    before = load(untrained, seed=7)
    family.save(before, path)
    trained = replace(setup, weights=str(path))
    after = load(trained)
    batch, reference = text_batch(STRINGS["smiles"]), family.reloaded(path)
    vectors, _ = Asked(after).embed(batch)
    return {
        "kept": fingerprint(before.weights())[0] == fingerprint(after.weights())[0],
        "seedless": fingerprint(after.weights())[0] == fingerprint(load(trained, seed=1).weights())[0],
        "vectors": max(deviation(v, reference(s)) for v, s in zip(vectors, STRINGS["smiles"], strict=True)),
    }


if __name__ == "__main__":
    asked = Setup(**json.loads(Path(sys.argv[1]).read_text()))
    Path(sys.argv[2]).write_text(json.dumps(measure(asked, Path(sys.argv[2]).with_name("published.pt"))))
