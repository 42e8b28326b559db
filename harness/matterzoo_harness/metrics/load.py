"""Embeddings from a folder: our gathered files and shards, or anyone's safetensors and npz."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from matterzoo_harness.metrics import inputs
from matterzoo_harness.metrics.errors import MetricError
from matterzoo_harness.metrics.joining import needs_direction
from matterzoo_harness.metrics.presets import Preset
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.shard import Embeddings


@dataclass
class Loaded:
    """What a folder holds.

    Attributes
    ----------
    embeddings
        Model (or `model:layer` where a file has several layers) → [N, d].
    ids
        Record ids of each; None if the files carry none.
    failed
        [N] records without a vector, of each that says so.
    energy
        [N] predicted energies in eV, of each that has them; NaN for failed records.
    headers
        What each file says of itself.
    """

    embeddings: dict[str, NDArray[Any]] = field(default_factory=dict)
    ids: dict[str, list[str]] | None = None
    failed: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    energy: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    headers: dict[str, dict[str, Any]] = field(default_factory=dict)


def load_embeddings(folder: str | Path) -> Loaded:
    """Read every `.safetensors` and `.npz` file of embeddings in a folder.

    A file of ours has `ids/bytes` and `ids/offsets`, `layers/<name>/pooled`, `status` and maybe `energy`. A
    plain one has
    `embeddings` [N, d] and maybe `ids`, and is named after its file. A gathered file and its shards are not mixed: a
    folder `name/` of shards is read as the model `name` where there is no such file.

    Raises
    ------
    MetricError
        If there is nothing to read, or a file is not what it seems, or only some files carry ids.
    """
    path = Path(folder)
    if not path.is_dir():
        raise MetricError(
            f"there is no folder {path}", "matterzoo embed --models A,B writes one", ExitCode.INPUT_MISSING
        )
    loaded = Loaded()
    ids: dict[str, list[str]] = {}
    for file in sorted([*path.glob("*.safetensors"), *path.glob("*.npz")]):
        _read(file, loaded, ids)
    if not loaded.embeddings:
        raise MetricError(
            f"there are no embeddings in {path}", "expected .safetensors or .npz files", ExitCode.INPUT_MISSING
        )
    if ids and set(ids) != set(loaded.embeddings):
        bare = ", ".join(sorted(set(loaded.embeddings) - set(ids)))
        raise MetricError(f"{bare}: no ids, where other files of {path} have them", "add a tensor of ids to every file")
    loaded.ids = ids or None
    _same_data(loaded.headers)
    return loaded


def join_folder(
    folder: str | Path, preset: Preset, *, how: str = "exact", on_bad: str = "error"
) -> tuple[inputs.Joined, Loaded]:
    """Load a folder and join its models by record id, without the records that some model has no vector for."""
    loaded = load_embeddings(folder)
    joined = inputs.join(
        loaded.embeddings, loaded.ids, how=how, on_bad=on_bad, zero_rows=needs_direction(preset), failed=loaded.failed
    )
    random = sorted(name for name, header in loaded.headers.items() if header.get("random_weights"))
    if random:
        joined.notes.append(f"random weights: {', '.join(random)}")
    return joined, loaded


def _read(file: Path, loaded: Loaded, ids: dict[str, list[str]]) -> None:
    if file.suffix == ".npz":
        with np.load(file, allow_pickle=False) as archive:
            _plain(file, dict(archive), loaded, ids)
        return
    try:
        with safe_open(file, framework="np") as handle:
            names = list(handle.keys())
            ours = "status" in names and any(name.endswith("/pooled") for name in names)
            tensors = {} if ours else {name: handle.get_tensor(name) for name in names if name in ("embeddings", "ids")}
    except (SafetensorError, OSError) as error:
        raise MetricError(f"{file} is no safetensors file: {error}") from error
    if ours:
        _ours(file, loaded, ids)
    elif "embeddings" in tensors:
        _plain(file, tensors, loaded, ids)
    elif not file.name.startswith("records."):  # with a derived view, `records.selfies.safetensors`
        raise MetricError(
            f"{file} has no embeddings (its tensors: {', '.join(names[:6])})",
            "expected a tensor `embeddings`, or a file that matterzoo wrote",
        )


def _ours(file: Path, loaded: Loaded, ids: dict[str, list[str]]) -> None:
    try:
        embeddings = Embeddings.open(file)
    except MatterzooError as error:
        raise MetricError(error.message, error.hint, error.code) from error
    header = dict(embeddings.header or {})
    model = str(header.get("model", file.stem))
    records = list(embeddings.ids)
    for layer, value in embeddings.layers.items():
        name = model if len(embeddings.layers) == 1 else f"{model}:{layer}"
        if name in loaded.embeddings:
            raise MetricError(
                f"two files of {file.parent} are of {name}", "keep one of them, or gather the shards first"
            )
        loaded.embeddings[name] = value.pooled
        ids[name] = records
        loaded.failed[name] = ~embeddings.ok
        loaded.headers[name] = header
        if embeddings.energy is not None:
            loaded.energy[name] = np.where(embeddings.ok, embeddings.energy, np.nan)


def _plain(file: Path, tensors: Mapping[str, NDArray[Any]], loaded: Loaded, ids: dict[str, list[str]]) -> None:
    if "embeddings" not in tensors:
        raise MetricError(
            f"{file} has no array `embeddings` (it has {', '.join(tensors) or 'none'})",
            "np.savez(file, embeddings=X, ids=names)",
        )
    if file.stem in loaded.embeddings:
        raise MetricError(f"two files of {file.parent} are of {file.stem}", "keep one of them")
    loaded.embeddings[file.stem] = tensors["embeddings"]
    if "ids" in tensors:
        ids[file.stem] = [str(i) for i in tensors["ids"].tolist()]


def _same_data(headers: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse equal ids with different records behind them."""
    seen = {name: header["records"] for name, header in headers.items() if header.get("records")}
    first = next(iter(seen), "")
    for name, identity in seen.items():
        if identity != seen[first]:
            raise MetricError(
                f"{first} and {name} were made from different data ({seen[first]} and {identity})",
                "embed both from the same input, or compare what they share with --intersect on plain arrays",
            )
