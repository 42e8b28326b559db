"""Compare Graphormer's input with transformers' own, and a saved checkpoint with the model: `… setup.json answer.json`."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from asking import Asked, deviation, load, refusal
from ogb.utils.mol import smiles2graph
from safetensors.torch import load_file, save_file
from strings import text_batch
from transformers.models.deprecated.graphormer.collating_graphormer import GraphormerDataCollator
from transformers.models.deprecated.graphormer.modeling_graphormer import GraphormerForGraphClassification

from matterzoo_adapters.base import Setup
from matterzoo_adapters.models.graphormer_graph import graph_of, together
from matterzoo_adapters.worker.loading import fingerprint

MOLECULES = [
    "CCO", "C", "[Na+].[Cl-]", "F/C=C\\F", "C[C@H](N)C(=O)O", "CC(=O)Nc1ccc(O)cc1", "C1CC2CCC1CC2",
    "C12C3C4C1C5C2C3C45", "c1ccc2c(c1)ccc1c2ccc2c1ccc1ccccc12", "C1CCCCCCCCCCC1", f"OC(=O)c1ccccc1.{'C' * 40}O",
]  # fmt: skip
"""One atom (not the first: there the package fails), no bond, rings with several shortest paths between the same atoms, and a long chain."""


def theirs(hops: int) -> dict[str, np.ndarray]:
    """Return the package's own input of all molecules, cut to the bonds that the model reads."""
    graphs = [smiles2graph(smiles) for smiles in MOLECULES]
    batch = GraphormerDataCollator(on_the_fly_processing=True)(
        [{**graph, "edge_attr": graph["edge_feat"], "y": [0.0]} for graph in graphs]
    )
    batch["input_edges"] = batch["input_edges"][:, :, :, :hops]
    return {name: values.numpy() for name, values in batch.items() if name != "labels"}


def measure(setup: Setup) -> dict[str, Any]:
    """Return every measurement by name."""
    twin = load(setup)
    ours = together([graph_of(smiles2graph(smiles), twin.hops) for smiles in MOLECULES])
    found: dict[str, Any] = {
        "inputs": {name: bool(np.array_equal(values, ours[name])) for name, values in theirs(twin.hops).items()}
    }
    torch.manual_seed(3)
    whole = GraphormerForGraphClassification(twin.model.config).eval()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole.save_pretrained(folder)
        card = {**setup.card, "checkpoint": {"source": "huggingface"}}
        trained = replace(setup, card=card, weights=name)
        loaded = load(trained)
        found["kept"] = fingerprint(loaded.weights())[0] == fingerprint(load(trained, seed=5).weights())[0]
        vectors, _ = Asked(loaded).embed(text_batch(MOLECULES))
        twin.model = whole.encoder
        expected, _ = Asked(twin).embed(text_batch(MOLECULES))
        found["vectors"] = max(deviation(a, b) for a, b in zip(vectors, expected, strict=True))
        weights = load_file(folder / "model.safetensors")
        lost = "encoder.graph_encoder.layers.0.fc1.weight"
        save_file({k: v for k, v in weights.items() if k != lost}, folder / "model.safetensors", {"format": "pt"})
        found["a_weight_lost"] = refusal(trained)
    return found


if __name__ == "__main__":
    arguments = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(json.dumps(measure(Setup(**arguments))))
