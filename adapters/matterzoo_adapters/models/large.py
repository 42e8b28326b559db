"""Models that may be larger than a device: other precisions, several GPUs, and a refusal before memory is exhausted."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
import transformers as hf

from matterzoo_schemas.columns import Array

BITS = {"float32": 32, "bfloat16": 16, "8bit": 8, "4bit": 4}
"""Of a number in a layer's matrix. Embeddings and norms have 16 at least."""
ROOM = 1.1
"""How much more memory than for its weights a model must find: buffers, activations, scales of quantised blocks."""


class LazyArrays(Mapping[str, Array]):
    """Tensors as NumPy's arrays, each copied to the host's memory when it is asked for; bfloat16 as its bits."""

    def __init__(self, tensors: Mapping[str, Any]) -> None:
        self._tensors = {name: tensor for name, tensor in tensors.items() if isinstance(tensor, torch.Tensor)}

    def __getitem__(self, name: str) -> Array:
        tensor = self._tensors[name].detach().cpu()
        array: Array = (tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor).numpy()
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


def placement(precision: str, device: torch.device) -> dict[str, Any]:
    """Return what `from_pretrained` is told: the numbers' type, and where they go (all GPUs that are visible)."""
    several = device.type == "cuda" and torch.cuda.device_count() > 1
    told: dict[str, Any] = {
        "dtype": torch.float32 if precision == "float32" else torch.bfloat16,
        "device_map": "auto" if several else {"": device},
    }
    if precision in ("8bit", "4bit"):
        told["quantization_config"] = hf.BitsAndBytesConfig(
            load_in_8bit=precision == "8bit", load_in_4bit=precision == "4bit", bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=torch.bfloat16,
        )  # fmt: skip
    return told


def checked_placement(model: Any) -> Any:
    """Return a model all of which lies on its devices.

    Raises
    ------
    RuntimeError
        If accelerate put a part into the host's memory, or on its disk, beside GPUs: it would be moved for each batch.
    """
    places = {str(place) for place in getattr(model, "hf_device_map", {}).values()}
    if len(places) > 1 and places & {"cpu", "disk"}:
        raise RuntimeError(f"the model does not fit on the GPUs alone ({', '.join(sorted(places))}): {ADVICE}")
    return model


ADVICE = "give it more GPUs, a larger one, a smaller `precision` where the card allows one, or a smaller model"


def require_memory(folder: Path, precision: str, device: torch.device) -> None:
    """Refuse a checkpoint that memory does not suffice for, from its files' headers alone.

    Raises
    ------
    RuntimeError
        With both numbers, and what can be done.
    """
    needed, free = needed_bytes(folder, precision), free_bytes(device)
    if needed > free:
        where = "the visible GPUs" if device.type == "cuda" else "this machine, or what its container may use"
        raise RuntimeError(
            f"the weights need {needed / 1e9:.1f} GB in {precision}, and {free / 1e9:.1f} GB are free on {where}; "
            f"nothing was loaded: {ADVICE}"
        )


def needed_bytes(folder: Path, precision: str) -> int:
    """Return how much memory a checkpoint takes, `ROOM` included; the head that makes words of states is not loaded."""
    bits = 0
    for name, tensor in _tensors(folder):
        if name.startswith("lm_head.") or name.endswith("_scales"):
            continue
        # Blocks of MXFP4 hold two numbers a byte, and are unpacked.
        numbers = math.prod(tensor["shape"]) * (2 if name.endswith("_blocks") else 1)
        matrix = len(tensor["shape"]) > 1 and "embed" not in name
        bits += numbers * (BITS[precision] if matrix else max(BITS[precision], 16))
    return int(bits / 8 * ROOM)


def _tensors(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise RuntimeError(f"{folder} has no safetensors: only their headers tell how large a model is")
    for file in files:
        with file.open("rb") as stream:
            header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        yield from ((name, tensor) for name, tensor in header.items() if name != "__metadata__")


def free_bytes(device: torch.device) -> int:
    """Return the free memory of all visible GPUs, or of this machine: what its container may use, if that is less."""
    if device.type == "cuda":
        return sum(torch.cuda.mem_get_info(number)[0] for number in range(torch.cuda.device_count()))
    lines = (line.split() for line in Path("/proc/meminfo").read_text("ascii").splitlines())
    available = {words[0]: int(words[1]) * 1024 for words in lines}["MemAvailable:"]
    return min(available, *_container_bytes(Path("/sys/fs/cgroup")))


def _container_bytes(folder: Path) -> Iterator[int]:
    """Yield what a limit of control groups, version 2 or 1, leaves."""
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        if (folder / limit).is_file() and (most := (folder / limit).read_text("ascii").strip()).isdigit():
            yield int(most) - int((folder / used).read_text("ascii"))
