"""Proteins as their models' authors write them, token by token: `python residues.py answer.json`."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from asking import Asked, deviation, load
from strings import text_batch

from matterzoo_adapters.base import Setup

SEQUENCES = ["MKTAYIAKQR", "GGUZOBG", "ACDEFGHIKLMNPQRSTVWY"]
AMINO_ACIDS = "ALGVSREDTIPKFQNYMHWCXBOUZ"


def setup(adapter: str, folder: Path | None) -> Setup:
    """Return what a worker would be told of a model of sequences."""
    card = {"view": "sequence", "checkpoint": {"source": "huggingface" if folder else "none"},
            "domain": {"max_nodes": None}, "embedding": {"default": "last"}}  # fmt: skip
    return Setup("m", card, adapter, ["last"], weights=folder and str(folder))


def spaced(sequence: str) -> str:
    """Write a sequence as the pages of ProtT5 and ProstT5 do."""
    return " ".join(re.sub("[UZOB]", "X", sequence))


CALLS: dict[str, tuple[Callable[[Any, str], Any], int]] = {
    "t5:ProtT5Adapter": (lambda tokenizer, text: tokenizer(spaced(text), return_tensors="pt"), 0),
    "t5:ProstT5Adapter": (lambda tokenizer, text: tokenizer(f"<AA2fold> {spaced(text)}", return_tensors="pt"), 1),
    "t5:AnkhAdapter": (lambda tokenizer, text: tokenizer(list(text), is_split_into_words=True, return_tensors="pt"), 0),
}
"""Adapter → its authors' call of the tokenizer, and how many tokens stand before the residues."""


def of_t5(folder: Path) -> dict[str, float]:
    """Compare each adapter's residues with those of its authors' call, for one random T5 with a tokenizer of T5's class."""
    pieces = [
        ("<pad>", 0.0),
        ("</s>", 0.0),
        ("<unk>", 0.0),
        *((f"▁{letter}", -2.0) for letter in AMINO_ACIDS),
        ("▁", -8.0),
    ]
    tokenizer = transformers.T5Tokenizer(vocab=pieces, extra_ids=0)
    tokenizer.add_tokens(["<fold2AA>", "<AA2fold>"])
    config = transformers.T5Config(d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, vocab_size=len(tokenizer))
    whole = transformers.T5ForConditionalGeneration(config).eval()
    whole.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    found = {}
    for adapter, (call, before) in CALLS.items():
        ours, _ = Asked(load(setup(adapter, folder))).embed(text_batch(SEQUENCES, "sequence"))
        with torch.inference_mode():
            theirs = [whole.encoder(**call(tokenizer, text)).last_hidden_state[0, before:-1] for text in SEQUENCES]
        found[adapter] = max(deviation(one, other.numpy()) for one, other in zip(ours, theirs, strict=True))
    return found


def index_of_nodes(sequence: str) -> list[int]:
    """Return which characters the nodes of a sequence are for ESM-2, whose tokenizer does not say it."""
    return np.asarray(load(setup("esm:EsmAdapter", None)).embed(text_batch([sequence], "sequence")).index).tolist()


if __name__ == "__main__":
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as name:
        compared = of_t5(Path(name))
    unknown = load(setup("esm:EsmAdapter", None)).refuse(text_batch(["MKJA", "MKXU"], "sequence"))
    Path(sys.argv[2]).write_text(
        json.dumps({"compared": compared, "blank": index_of_nodes("MK TA"), "unknown": unknown})
    )
