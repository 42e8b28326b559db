"""MatText's words, and a saved checkpoint beside a vocabulary: `python mattext_words.py setup.json answer.json`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
import transformers
from asking import Asked, batched, deviation, load, refusal
from strings import text_batch

from matterzoo_adapters.base import Setup
from matterzoo_adapters.models.mattext import ADDED, tokenizer_of

WORDS = ["o o", "- - o", "-", "o", "Ga", "G", "P", "0", "1"]
TEXTS = ["Ga Ga P P 0 1 - - o", "Ga 0 1 o o", "P"]


def measure(given: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return every measurement by name."""
    tokenizer = tokenizer_of(WORDS)
    torch.manual_seed(2)
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    whole = transformers.BertForMaskedLM(transformers.BertConfig(vocab_size=40, **size)).eval()
    whole.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    card = {**given["card"], "checkpoint": {"source": "url"}}
    setup = Setup(**{**given, "card": card, "weights": str(folder)})
    adapter = load(setup)
    vectors, _ = Asked(adapter).embed(text_batch(TEXTS, "text"))
    with torch.inference_mode():
        ids = [torch.tensor([tokenizer(text)["input_ids"]]) for text in TEXTS]
        expected = [whole.bert(given).last_hidden_state[0, 1:-1].numpy() for given in ids]
    found: dict[str, Any] = {
        "ids": tokenizer(TEXTS[0])["input_ids"],
        "added": tokenizer.convert_tokens_to_ids(list(ADDED.values())),
        "vectors": max(deviation(ours, theirs) for ours, theirs in zip(vectors, expected, strict=True)),
        "batch": batched(Asked(adapter), text_batch(TEXTS, "text")),
        "refused": adapter.refuse(text_batch(["Ga 1", "Ga Xx 1", "as a sentence"], "text")),
    }
    (folder / "vocab.txt").write_text("\n".join([*WORDS, *map(str, range(100, 140))]))
    found["another's"] = refusal(setup)
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        answer = measure(json.loads(Path(sys.argv[1]).read_text()), Path(name))
    Path(sys.argv[2]).write_text(json.dumps(answer))
