"""A small repository with code of its own, spoilt in several ways: `python remote_code.py setup.json answer.json`."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from asking import Asked, batched, deviation, load
from safetensors.torch import save_file
from strings import STRINGS, text_batch

from matterzoo_adapters.base import Setup
from matterzoo_adapters.models.tokens import character_tokenizer

CONFIGURATION = """
from transformers import PretrainedConfig


class TinyConfig(PretrainedConfig):
    model_type = "molformer"

    def __init__(self, vocab_size=8, hidden_size=16, deterministic_eval=False, **rest):
        super().__init__(**rest)
        self.vocab_size, self.hidden_size, self.deterministic_eval = vocab_size, hidden_size, deterministic_eval
"""
MODEL = """
from pathlib import Path

import torch
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from .configuration_tiny import TinyConfig

Path({mark!r}).touch()


class TinyModel(PreTrainedModel):
    config_class = TinyConfig

    def __init__(self, config):
        super().__init__(config)
        self.words = torch.nn.Embedding(config.vocab_size, config.hidden_size)
        self.post_init()

    def forward(self, input_ids, attention_mask=None):
        hidden = self.words(input_ids)
        if {always_random} or not self.config.deterministic_eval:
            hidden = hidden + torch.randn(hidden.shape)
        return BaseModelOutput(last_hidden_state=hidden)
"""
"""As MoLFormer: the code imports its neighbour, and what it says is random unless it is told not to be."""


class Repository:
    """The small repository, and whether its code was run."""

    def __init__(self, folder: Path, *, always_random: bool = False) -> None:
        self.folder, self.mark = folder, folder.parent / f"{folder.name}-was-imported"
        self.tokenizer = character_tokenizer("<s> $A </s>")
        self.tokenizer.save_pretrained(folder)
        self.weights = torch.randn(len(self.tokenizer), 16, generator=torch.Generator().manual_seed(1))
        save_file({"words.weight": self.weights}, folder / "model.safetensors", {"format": "pt"})
        (folder / "configuration_tiny.py").write_text(CONFIGURATION)
        (folder / "modeling_tiny.py").write_text(MODEL.format(mark=str(self.mark), always_random=always_random))
        self.names("configuration_tiny.TinyConfig", "modeling_tiny.TinyModel")

    def names(self, configuration: str, model: str) -> None:
        """Write which classes are the configuration's and the model's."""
        content = {
            "model_type": "molformer", "vocab_size": len(self.tokenizer), "hidden_size": 16,
            "auto_map": {"AutoConfig": configuration, "AutoModel": model},
        }  # fmt: skip
        (self.folder / "config.json").write_text(json.dumps(content))

    def tried(self, setup: Setup) -> dict[str, Any]:
        """Return why the repository is not loaded, and whether its code was run all the same."""
        self.mark.unlink(missing_ok=True)
        try:
            load(setup)
        except (ValueError, OSError) as error:
            return {"refused": str(error), "was_run": self.mark.exists()}
        return {"refused": "", "was_run": self.mark.exists()}


def setup_of(given: dict[str, Any], folder: Path, **checkpoint: Any) -> Setup:
    """Return what a worker is told of a MoLFormer in this folder."""
    card = {**given["card"], "checkpoint": {"source": "huggingface", "revision": None, **checkpoint}}
    return Setup(**{**given, "card": card, "weights": str(folder)})


def measure(given: dict[str, Any], room: Path) -> dict[str, Any]:
    """Return every measurement by name."""
    (good := room / "good").mkdir()
    repository = Repository(good)
    pinned = setup_of(given, good, revision="0123456789abcdef0123456789abcdef01234567")
    found: dict[str, Any] = {"pinned": repository.tried(pinned)}  # the first: Python imports a file once
    strings = STRINGS["smiles"]
    vectors, _ = Asked(load(pinned)).embed(text_batch(strings))
    expected = [repository.weights[repository.tokenizer(string)["input_ids"]].numpy() for string in strings]
    found |= {
        "vectors": max(deviation(ours, theirs) for ours, theirs in zip(vectors, expected, strict=True)),
        "batch": batched(Asked(load(pinned)), text_batch(strings)),
        "unpinned": repository.tried(setup_of(given, good)),
        "branch": repository.tried(setup_of(given, good, revision="main")),
        "no checkpoint": repository.tried(replace(pinned, card={**pinned.card, "checkpoint": {"source": "none"}})),
    }
    parts = {"modeling_tiny.py": {"url": "https://example.org/main/modeling_tiny.py", "sha256": None}}
    found["unpinned part"] = repository.tried(setup_of(given, good, source="url", parts=parts))
    parts["modeling_tiny.py"]["sha256"] = "0" * 64
    found["pinned part"] = repository.tried(setup_of(given, good, source="url", parts=parts))
    repository.names("configuration_tiny.TinyConfig", "someone/else--modeling_tiny.TinyModel")
    found["elsewhere"] = repository.tried(pinned)
    repository.names("configuration_tiny.TinyConfig", "modeling_gone.TinyModel")
    found["gone"] = repository.tried(pinned)
    shutil.rmtree(good)
    (random := room / "random").mkdir()
    spoilt = Repository(random, always_random=True)
    found["always random"] = spoilt.tried(replace(pinned, weights=str(random)))
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        answer = measure(json.loads(Path(sys.argv[1]).read_text()), Path(name))
    Path(sys.argv[2]).write_text(json.dumps(answer))
