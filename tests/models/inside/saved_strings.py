"""Save a random model as its authors publish theirs, load it as a trained one: `saved_strings.py setups.json out.json`."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import references
import torch
import transformers
from asking import Asked, batched, deviation, load, refusal
from safetensors.torch import load_file, save_file
from strings import STRINGS, text_batch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from matterzoo_adapters.base import Setup
from matterzoo_adapters.worker.loading import fingerprint


def trained(setup: Setup, folder: Path, **options: str) -> Setup:
    """Return the same setup with a checkpoint."""
    card = {**setup.card, "checkpoint": {"source": "huggingface"}}
    return replace(setup, card=card, weights=str(folder), options={**setup.options, **options})


def saved(setup: Setup, folder: Path) -> Any:
    """Save tokenizer and whole model, and return the part that is run, with the tokenizer."""
    twin = load(setup, seed=7)
    torch.manual_seed(7)
    published = getattr(transformers, references.of(setup.card["family"]).PUBLISHED)
    config = type(twin.twin).from_dict({**twin.twin.to_dict(), "vocab_size": len(twin.tokenizer)})
    whole = published(config).eval()
    whole.save_pretrained(folder)
    twin.tokenizer.save_pretrained(folder)
    part = whole.get_encoder() if config.is_encoder_decoder else whole.base_model
    return SimpleNamespace(model=part, tokenizer=transformers.AutoTokenizer.from_pretrained(folder))


def reading(words: str, *, blind_to: str = "") -> Any:
    """Return a tokenizer of the characters `words` that drops `blind_to`."""
    vocabulary = {word: row for row, word in enumerate(["<pad>", "<unk>", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    if blind_to:
        tokenizer.normalizer = normalizers.Replace(blind_to, "")
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>")


def measure(setup: Setup) -> dict[str, Any]:
    """Compare the adapter, given the folder, with the model that was saved; then spoil the folder."""
    view = setup.card["view"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference = references.of(setup.card["family"]).reference(saved(setup, folder))
        after = load(trained(setup, folder))
        vectors, _ = Asked(after).embed(text_batch(STRINGS[view], view))
        long = text_batch([STRINGS[view][0], STRINGS[view][0] * 2000], view)
        found: dict[str, Any] = {
            "kept": fingerprint(after.weights())[0] == fingerprint(load(trained(setup, folder), seed=5).weights())[0],
            "vectors": max(deviation(v, reference(s)) for v, s in zip(vectors, STRINGS[view], strict=True)),
            "batch": batched(Asked(after), text_batch(STRINGS[view], view)),
            "too_long": after.refuse(long) if after.learned_positions else None,
            "cut": load(trained(setup, folder, truncation="on")).refuse(long),
        }
        weights = load_file(folder / "model.safetensors")
        lost = next(
            key
            for key in weights
            if ("layers.0." in key or "layer.0." in key or "h.0." in key or "block.0." in key) and "decoder" not in key
        )
        save_file(
            {key: value for key, value in weights.items() if key != lost},
            folder / "model.safetensors",
            metadata={"format": "pt"},
        )
        found["a_weight_lost"] = refusal(trained(setup, folder))
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        if view == "smiles":
            reading("l").save_pretrained(folder)
            found["blind"] = refusal(trained(setup, folder))
            reading("CHBrNOF.l+-[]()@=/\\13ac", blind_to="l").save_pretrained(folder)
            found["no_chlorine"] = refusal(trained(setup, folder))
            found["as_published"] = refusal(trained(setup, folder, tokenizer="as-published"))
    return found


if __name__ == "__main__":
    setups = [Setup(**arguments) for arguments in json.loads(Path(sys.argv[1]).read_text())]
    Path(sys.argv[2]).write_text(json.dumps({setup.model: measure(setup) for setup in setups}))
