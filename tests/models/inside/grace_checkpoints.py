"""Save GRACE through its package and load it as a checkpoint: `python grace_checkpoints.py card.json answer.json`."""

from __future__ import annotations

import json
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from measure import Measured, deviation, load
from structures import atoms_batch, crystals, others

from matterzoo_adapters.base import Adapter, Setup


def archived(adapter: Adapter[Any], folder: Path, precision: Any) -> Path:
    """Write `model.yaml` and `checkpoint.*` as the package does, packed as its authors pack them."""
    import tensorflow as tf
    from tensorpotential.instructions.base import save_instructions_dict

    model: Any = adapter.model  # type: ignore[attr-defined]
    inner = folder / "a-model"
    inner.mkdir()
    save_instructions_dict(str(inner / "model.yaml"), model.instructions, param_dtype=precision)
    tf.train.Checkpoint(model=model).write(str(inner / "checkpoint"))
    with tarfile.open(folder / "checkpoint.tar.gz", "w:gz") as archive:
        archive.add(inner, arcname=inner.name)
    return folder / "checkpoint.tar.gz"


def layers_of(card: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    """Return the card with these layers only."""
    kept = [layer | {"dim": None} for layer in card["embedding"]["layers"] if layer["name"] in names]
    return {**card, "embedding": {**card["embedding"], "layers": kept}}


def measure(setup: Setup, layers: set[str]) -> dict[str, Any]:
    """Save an untrained model, load it with another seed, and compare; then load it in the wrong precision."""
    import tensorflow as tf

    untrained = load(replace(setup, card=layers_of(setup.card, layers)))
    real = {**untrained.setup.card, "checkpoint": {**setup.card["checkpoint"], "source": "url"}}
    batch = atoms_batch([*crystals(), *others()])
    with tempfile.TemporaryDirectory() as name:
        file = archived(untrained, Path(name), tf.float32)
        loaded = load(replace(setup, card=real, weights=str(file)), seed=1)
        (Path(name) / "a-model" / "model.yaml").rename(Path(name) / "kept.yaml")
        text = (Path(name) / "kept.yaml").read_text().replace("param_dtype: float32", "param_dtype: float64")
        (Path(name) / "a-model" / "model.yaml").write_text(text)
        try:
            load(replace(setup, card=real, weights=str(Path(name) / "a-model")))
            refused = False
        except (ValueError, tf.errors.InvalidArgumentError):
            refused = True
    before, after = untrained.weights(), loaded.weights()
    (theirs, energy), (ours, again) = Measured(untrained).embed(batch), Measured(loaded).embed(batch)
    for row in range(len(batch)):
        Measured(loaded).embed(atoms_batch([[*crystals(), *others()][row]]))
    return {
        "arrays": len(after),
        "same": before.keys() == after.keys() and all(np.array_equal(before[name], after[name]) for name in before),
        "vectors": max(deviation(a, b) for a, b in zip(ours, theirs, strict=True)),
        "energies": energy is not None and again is not None and float(np.abs(energy - again).max()),
        "graphs": loaded.model.compute.experimental_get_tracing_count(),  # type: ignore[attr-defined]
        "wrong_precision_refused": refused,
    }


if __name__ == "__main__":
    given = Setup(**json.loads(Path(sys.argv[1]).read_text()))
    found = {"one": measure(given, {"last"}), "two": measure(given, {"last", "first"})}
    Path(sys.argv[2]).write_text(json.dumps(found))
