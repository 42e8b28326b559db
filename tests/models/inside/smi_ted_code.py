"""Code of SMI-TED's shape, with a tokenizer as theirs: `python smi_ted_code.py setup.json answer.json`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from asking import Asked, batched, load
from strings import text_batch

from matterzoo_adapters.base import Setup
from matterzoo_adapters.models.smi_ted import CODE

AUTHORS = """
import re

import torch
from torch import nn
from transformers import BertTokenizer


def normalize_smiles(smiles):
    return smiles if smiles.count("(") == smiles.count(")") else None


class MolTranBertTokenizer(BertTokenizer):
    def __init__(self, vocab_file="", unk_token="<pad>", sep_token="<eos>", pad_token="<pad>", cls_token="<bos>",
                 mask_token="<mask>", **rest):
        super().__init__(vocab_file, unk_token=unk_token, sep_token=sep_token, pad_token=pad_token,
                         cls_token=cls_token, mask_token=mask_token, **rest)
        self.wordpiece_tokenizer = None
        self.basic_tokenizer = None

    def _tokenize(self, text):
        return re.findall(r"\\[[^]]+]|Br?|Cl?|[A-Za-z]|[0-9()=#@/.+-]", text)


class Encoder(nn.Module):
    def __init__(self, words, width):
        super().__init__()
        self.tok_emb, self.lang_model = nn.Embedding(words, width), nn.Linear(width, words)


class Decoder(nn.Module):
    def __init__(self, words, width):
        super().__init__()
        self.autoencoder = nn.ModuleDict({"encoder": nn.Linear(width, width), "decoder": nn.Linear(width, width)})
        self.lang_model = nn.Linear(width, words)


class Smi_ted(nn.Module):
    def __init__(self, tokenizer, config):
        super().__init__()
        self.tokenizer, words = tokenizer, len(tokenizer.get_vocab())
        self.encoder, self.decoder = Encoder(words, config["n_embd"]), Decoder(words, config["n_embd"])
        self.net = nn.Linear(config["n_embd"], config["n_output"])

    def extract_embeddings(self, smiles):
        told = self.tokenizer(smiles, padding=True, return_tensors="pt")
        hidden, mask = self.encoder.tok_emb(told["input_ids"]), told["attention_mask"].unsqueeze(-1)
        pooled = (hidden * mask).sum(1) / mask.sum(1)
        return told["input_ids"], hidden, self.decoder.autoencoder["encoder"](pooled)
"""
WORDS = [
    "<bos>",
    "<eos>",
    "<pad>",
    "<mask>",
    "C",
    "O",
    "N",
    "Cl",
    "Br",
    "c",
    "1",
    "(",
    ")",
    "=",
    "[nH]",
    ".",
    "[13CH4]",
]
SMILES = ["CCO", "CCCl", "CC(=O)N", "CC(=O"]


def measure(given: dict[str, Any], room: Path) -> dict[str, Any]:
    """Load a random checkpoint with the code above, and ask it; or say why it is not loaded."""
    (code := room / CODE).mkdir(parents=True)
    (code / "load.py").write_text(AUTHORS)
    (code / "bert_vocab_curated.txt").write_text("\n".join(WORDS))
    torch.manual_seed(0)
    encoder = {"tok_emb.weight": torch.randn(len(WORDS), 8)}
    decoder = {"autoencoder.encoder.weight": torch.randn(8, 8), "autoencoder.encoder.bias": torch.randn(8)}
    content = {"hparams": {"n_embd": 8, "max_len": 12}, "state_dict": [encoder, decoder]}
    torch.save(content, room / "smi-ted.pt")
    card = {**given["card"], "checkpoint": {"source": "huggingface", "revision": "0" * 40}}
    setup = Setup(**{**given, "card": card, "weights": str(room)})
    try:
        adapter = load(setup)
    except ValueError as error:
        return {"refused": str(error)}
    batch = text_batch(SMILES[:3])
    vectors, _ = Asked(adapter).embed(batch)
    ids = torch.tensor([0, 4, 4, 5, 1])
    expected = torch.nn.functional.linear(encoder["tok_emb.weight"][ids].mean(0), *decoder.values())
    return {
        "refused": "",
        "ids": [tokens.ids for tokens in adapter.tokens(SMILES[:3])],
        "vectors": float((torch.from_numpy(vectors[0][0]) - expected).norm() / expected.norm()),
        "batch": batched(Asked(adapter), batch),
        "problems": adapter.refuse(text_batch(["CCO", SMILES[3], "CCF", "C" * 20])),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        answer = measure(json.loads(Path(sys.argv[1]).read_text()), Path(name))
    Path(sys.argv[2]).write_text(json.dumps(answer))
