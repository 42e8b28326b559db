"""Language models behind prompts, in other precisions, and larger than memory: `python chats.py … answer.json`."""

from __future__ import annotations

import json
import os
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
import transformers
from asking import Asked, deviation, load, refusal
from safetensors.torch import save_file
from strings import text_batch

from matterzoo_adapters.base import Setup
from matterzoo_adapters.models import large
from matterzoo_adapters.worker.loading import fingerprint

ADAPTERS = ("llama:LlamaAdapter", "qwen3:Qwen3MoeAdapter", "gpt_oss:GptOssAdapter")
TEXTS = ["SMILES: CCO", "SMILES: c1ccccc1O"]


def setup(adapter: str, folder: Path | None = None, **options: str) -> Setup:
    """Return what a worker would be told of a model of text."""
    card = {"view": "text", "checkpoint": {"source": "huggingface" if folder else "none"},
            "domain": {"max_nodes": None}, "embedding": {"default": "last"}}  # fmt: skip
    return Setup("m", card, adapter, ["last"], options=options, weights=folder and str(folder))


def vectors(adapter: str, **options: str) -> Any:
    """Return the node vectors of the first text."""
    return Asked(load(setup(adapter, **options))).embed(text_batch(TEXTS, "text"))[0][0]


def of_weights(folder: Path, numbers: int, template: bool = True) -> Path:
    """Save a small Llama, and let its file of weights say that it holds a matrix of so many numbers, all of them zeros."""
    twin: Any = load(setup("llama:LlamaAdapter"))
    twin.model.save_pretrained(folder)
    if not template:
        twin.tokenizer.chat_template = None
    twin.tokenizer.save_pretrained(folder)
    if numbers:
        shape = [numbers // 1024, 1024]
        about = {"layers.0.mlp.up_proj.weight": {"dtype": "BF16", "shape": shape, "data_offsets": [0, 2 * numbers]}}
        header = json.dumps(about).encode()
        with (folder / "model.safetensors").open("wb") as file:
            file.write(struct.pack("<Q", len(header)) + header)
            file.truncate(file.tell() + 2 * numbers)  # a file with a hole: it takes no room on the disk
    return folder


VALUES = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6])
"""Of MXFP4's three bits below the sign."""


def packed(folder: Path) -> float:
    """Save a GPT-OSS with experts in MXFP4, as it is published, and compare with one that has the same numbers."""
    twin: Any = load(setup("gpt_oss:GptOssAdapter"))
    config = type(twin.twin).from_dict(
        {**twin.twin.to_dict(), "vocab_size": len(twin.tokenizer), "intermediate_size": 32}
    )
    whole = transformers.GptOssForCausalLM(config).to(torch.bfloat16).eval()
    files: dict[str, torch.Tensor] = {}
    for name, weight in whole.state_dict().items():
        if not name.endswith(("experts.gate_up_proj", "experts.down_proj")):
            files[name] = weight.clone()
            continue
        experts, rows, columns = weight.shape
        blocks = torch.randint(0, 256, (experts, columns, rows // 32, 16), dtype=torch.uint8)
        scales = torch.randint(119, 123, blocks.shape[:-1], dtype=torch.uint8)
        files |= {f"{name}_blocks": blocks, f"{name}_scales": scales}
        halves = torch.stack([blocks & 15, blocks >> 4], -1).flatten(-2).long()
        numbers = VALUES[halves & 7] * torch.where(halves > 7, -1.0, 1.0) * 2.0 ** (scales[..., None].float() - 127)
        weight.copy_(numbers.flatten(-2).transpose(1, 2))
    config.quantization_config = {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}
    config.save_pretrained(folder)
    save_file(files, folder / "model.safetensors", metadata={"format": "pt"})
    twin.tokenizer.save_pretrained(folder)
    ours = Asked(load(setup("gpt_oss:GptOssAdapter", folder))).embed(text_batch(TEXTS[:1], "text"))[0][0]
    with torch.inference_mode():
        theirs = whole.float().model(twin.tokenizer(TEXTS[0], return_tensors="pt")["input_ids"]).last_hidden_state[0]
    return deviation(ours, theirs.numpy())


def container(folder: Path, most: str, used: str) -> list[int]:
    """Return what is free below a limit of control groups, version 2."""
    folder.mkdir()
    (folder / "memory.max").write_text(most)
    (folder / "memory.current").write_text(used)
    return list(large._container_bytes(folder))


def measure(folder: Path) -> dict[str, Any]:
    """Return every measurement by name."""
    too_large = of_weights(folder / "large", 2**40)
    found: dict[str, Any] = {
        "prompts": {a: [len(load(setup(a, prompt=p)).tokens(["CCO"])[0].nodes) for p in ("none", "blank", "extended")] for a in ADAPTERS},
        "moved": {a: deviation(vectors(a, prompt="blank"), vectors(a, prompt="extended")) for a in ADAPTERS},
        "bfloat16": {a: deviation(vectors(a, precision="bfloat16"), vectors(a)) for a in ADAPTERS},
        "fingerprints": [fingerprint(load(setup(ADAPTERS[0], precision=p)).weights()) for p in ("float32", "bfloat16")],
        "too_large": {p: refusal(setup(ADAPTERS[0], too_large, precision=p)) for p in large.BITS},
        "loaded": refusal(setup(ADAPTERS[0], of_weights(folder / "small", 0), prompt="blank")),
        "no_template": refusal(setup(ADAPTERS[0], of_weights(folder / "mute", 0, template=False), prompt="blank")),
        "packed": packed(folder / "packed"),
        "container": [container(folder / "v2", "1000", "300"), container(folder / "none", "max", "300")],
    }  # fmt: skip
    found["needed"] = [large.needed_bytes(too_large, precision) for precision in large.BITS]
    return found


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.manual_seed(0)
    transformers.logging.set_verbosity_error()
    with tempfile.TemporaryDirectory() as name:
        Path(sys.argv[2]).write_text(json.dumps(measure(Path(name))))
