"""Embed a fixed set of strings our way and by two plain loops of transformers: `string_rate.py answer.json`.

Random weights in the sizes of ChemBERTa-77M and ESM-2 8M. The naive loop takes strings as they come, 32 a batch; the
sorted one sorts them by length, and its batch size is the best of several, found by trying.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from strings import text_batch
from transformers import EsmConfig, RobertaConfig

from matterzoo_adapters.backends import backend
from matterzoo_adapters.base import Setup
from matterzoo_adapters.worker.engine import Engine
from matterzoo_adapters.worker.loading import adapter_class

NAIVE, TRIED, ROUNDS = 32, (8, 32, 128), 2
AMINO_ACIDS = np.array(list("ACDEFGHIKLMNPQRSTVWY"))
PIECES = ["CC", "C(=O)", "N", "c1ccccc1", "O", "[C@H](C)", "Cl", "C#N", "S(=O)(=O)", "[N+](C)(C)C", "F", "/C=C/"]
Loop = Callable[[list[str]], np.ndarray]


def molecules(count: int) -> list[str]:
    """Return chains of groups, written as SMILES, of 2 to some 120 characters: most are short, some are long."""
    rng = np.random.default_rng(0)
    lengths = np.minimum(rng.geometric(0.15, count) + 1, 30)
    return ["".join(rng.choice(PIECES, length)) for length in lengths]


def proteins(count: int) -> list[str]:
    """Return chains of 30 to 500 residues, logarithmically even."""
    rng = np.random.default_rng(0)
    lengths = np.exp(rng.uniform(np.log(30), np.log(500), count)).astype(int)
    return ["".join(rng.choice(AMINO_ACIDS, length)) for length in lengths]


CASES: dict[str, tuple[str, str, Any, Callable[[int], list[str]], int]] = {
    "ChemBERTa-77M": ("roberta:RobertaAdapter", "smiles", RobertaConfig(
        hidden_size=384, num_hidden_layers=3, num_attention_heads=12, intermediate_size=464, pad_token_id=0,
        max_position_embeddings=515), molecules, 600),
    "ESM-2 8M": ("esm:EsmAdapter", "sequence", EsmConfig(
        hidden_size=320, num_hidden_layers=6, num_attention_heads=20, intermediate_size=1280, pad_token_id=1,
        position_embedding_type="rotary", token_dropout=True, mask_token_id=32), proteins, 64),
}  # fmt: skip
"""Name → adapter, view, configuration in the size of the published model, strings and how many."""


def loaded(adapter: str, view: str, config: Any) -> Engine:
    """Return the engine of a random model in the published size."""
    found: Any = adapter_class(adapter)
    found.twin = config
    layer = {"name": "last", "level": "node", "dim": None, "symmetry": "none"}
    card = {"view": view, "checkpoint": {"source": "none"}, "domain": {"max_nodes": None}, "energy": {"available": False},
            "embedding": {"default": "last", "layers": [layer]}}  # fmt: skip
    torch_backend = backend("torch")
    one = found(Setup("m", card, adapter, ["last"]), torch_backend.prepare("cpu", 0, 1))
    one.load()
    return Engine(one, torch_backend)


def plain(adapter: Any, batches: Callable[[list[str]], list[np.ndarray]]) -> Loop:
    """Return a loop of transformers alone: pad, run, average over the tokens between the special ones."""

    @torch.inference_mode()
    def loop(strings: list[str]) -> np.ndarray:
        found = np.zeros((len(strings), adapter.model.config.hidden_size), np.float32)
        for rows in batches(strings):
            given = [strings[row] for row in rows]
            told = adapter.tokenizer(given, padding=True, return_tensors="pt", return_special_tokens_mask=True)
            hidden = adapter.model(told["input_ids"], attention_mask=told["attention_mask"]).last_hidden_state
            own = (1 - told["special_tokens_mask"]).unsqueeze(-1).to(hidden.dtype)
            found[rows] = ((hidden * own).sum(1) / own.sum(1)).numpy()
        return found

    return loop


def as_they_come(strings: list[str]) -> list[np.ndarray]:
    """Return batches of 32 in the order given."""
    return [np.arange(start, min(start + NAIVE, len(strings))) for start in range(0, len(strings), NAIVE)]


def by_length(size: int) -> Callable[[list[str]], list[np.ndarray]]:
    """Return batches of some size, of strings sorted by length."""

    def batches(strings: list[str]) -> list[np.ndarray]:
        order = np.argsort([len(string) for string in strings], kind="stable")
        return [order[start : start + size] for start in range(0, len(order), size)]

    return batches


def seconds(call: Callable[[], Any]) -> float:
    """Return the CPU seconds of a call."""
    began = time.process_time()
    call()
    return time.process_time() - began


def measure(name: str) -> dict[str, Any]:
    """Time all ways, in turns, and return the least CPU seconds of each."""
    adapter, view, config, make, count = CASES[name]
    engine, strings = loaded(adapter, view, config), make(count)
    records = text_batch(strings, view).records
    answers: dict[str, np.ndarray] = {}

    def ours() -> None:
        answers["ours"] = engine.run(records, lambda _rows, _ids: None, {}, {}, ()).layers["last"].pooled

    def timed(batches: Callable[[list[str]], list[np.ndarray]]) -> Callable[[], None]:
        loop = plain(engine.adapter, batches)

        def call() -> None:
            answers["loop"] = loop(strings)

        return call

    tried = {size: seconds(timed(by_length(size))) for size in TRIED}
    best = min(tried, key=lambda size: tried[size])
    ways = {"ours": ours, "naive": timed(as_they_come), "sorted": timed(by_length(best))}
    times = {way: min(seconds(call) for _ in range(ROUNDS)) for way, call in ways.items()}
    apart = np.linalg.norm(answers["ours"] - answers["loop"]) / np.linalg.norm(answers["loop"])
    tokens = sum(len(one.ids) for one in engine.adapter.tokens(strings))
    return {"strings": count, "tokens": tokens, "apart": float(apart), "best_size": best, **times}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps({name: measure(name) for name in CASES}))
