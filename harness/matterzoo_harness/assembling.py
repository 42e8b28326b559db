"""From committed shards to one file a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from matterzoo_harness.plan import Plan, Shard
from matterzoo_schemas.canonical import TensorSpec, TensorWriter, open_tensors
from matterzoo_schemas.columns import Array
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.shard import KIND, Embeddings, file_header


def shard_is_done(folder: Path, shard: Shard) -> bool:
    """Tell whether a committed file carries the shard's key."""
    return carries_key(folder / shard.file_name, shard.key)


def carries_key(path: Path, key: str) -> bool:
    """Tell whether a file of embeddings is there, whole, and made of exactly what the key says."""
    if not path.is_file():
        return False
    try:
        return bool(open_tensors(path, KIND).header.get("key") == key)
    except MatterzooError:
        return False


def assemble(plan: Plan, folder: Path, output: Path) -> Embeddings:
    """Put all shards of one model into one file, in the order of the records, without holding them in memory.

    Parameters
    ----------
    plan
        What was to be done.
    folder
        Where its shards are.
    output
        The file to commit.

    Raises
    ------
    MatterzooError
        `INPUT_MISSING` if a shard is missing, `BAD_INPUT` if it is of another run or its ids are not the records'.
    """
    parts = [_open_shard(folder, shard) for shard in plan.shards]
    specs = _specs(parts)
    header = {**plan.header, "key": plan.key}
    layers = sorted(parts[0].layers)
    with TensorWriter(output, specs, file_header(header, layers, plan.count)) as writer:
        rows: dict[str, int] = dict.fromkeys(specs, 0)
        ends: dict[str, int] = {}
        for part in parts:
            tensors = _fitted(part, specs)
            for name, values in tensors.items():
                piece, first = values, rows[name]
                if name.endswith("/offsets"):
                    piece = values[1:] + ends.get(name, 0) if name in ends else values
                    ends[name] = int(piece[-1]) if len(piece) else ends.get(name, 0)
                writer.write(name, np.ascontiguousarray(piece), first)
                rows[name] = first + len(piece)
    return Embeddings.open(output)


def _open_shard(folder: Path, shard: Shard) -> Embeddings:
    path = folder / shard.file_name
    if not path.exists():
        raise MatterzooError(ExitCode.INPUT_MISSING, f"shard {path} is missing", "run the same command again")
    part = Embeddings.open(path)
    if (part.header or {}).get("key") != shard.key or len(part) != shard.stop - shard.start:
        raise MatterzooError(ExitCode.BAD_INPUT, f"{path} is of another run", "run the same command again")
    return part


def _specs(parts: Sequence[Embeddings]) -> dict[str, TensorSpec]:
    """Return type and whole shape of every tensor; a shard where all failed may not know the vectors' length."""
    specs: dict[str, TensorSpec] = {}
    for part in parts:
        for name, values in part.tensors().items():
            before = specs.get(name, TensorSpec(values.dtype, (0, *values.shape[1:])))
            length = before.shape[0] + len(values) - (1 if name.endswith("/offsets") and before.shape[0] else 0)
            width = tuple(max(a, b) for a, b in zip(before.shape[1:], values.shape[1:], strict=True))
            specs[name] = TensorSpec(values.dtype, (length, *width))
    return specs


def _fitted(part: Embeddings, specs: Mapping[str, TensorSpec]) -> dict[str, Array]:
    fitted = {}
    for name, values in part.tensors().items():
        width = specs[name].shape[1:]
        if values.shape[1:] == width:
            fitted[name] = values
        elif part.ok.any():
            raise MatterzooError(ExitCode.BAD_INPUT, f"{name} has length {values.shape[1:]} here and {width} there")
        else:
            fitted[name] = np.full((len(values), *width), np.nan, values.dtype)
    return fitted
