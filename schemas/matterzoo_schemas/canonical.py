"""Canonical bytes: one JSON, one safetensors file, for one content.

The `safetensors` library writes several metadata keys in random order, so every file of ours has exactly one,
`matterzoo`, which holds canonical JSON. Tensors are sorted, widest dtype first and then by name, so that each is
aligned and can be used where it lies in the mapped file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from matterzoo_schemas import SCHEMA_VERSION
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

METADATA_KEY = "matterzoo"
MAX_HEADER_BYTES = 100_000_000
_DTYPES: dict[str, npt.DTypeLike] = {
    "F64": np.float64, "I64": np.int64, "U64": np.uint64, "F32": np.float32, "I32": np.int32, "U32": np.uint32,
    "F16": np.float16, "I16": np.int16, "U16": np.uint16, "I8": np.int8, "U8": np.uint8, "BOOL": np.bool_,
}  # fmt: skip
_NAMES = {np.dtype(dtype): name for name, dtype in _DTYPES.items()}


def canonical_json(value: object) -> bytes:
    """Return the one JSON text of a value: sorted keys, no spaces, UTF-8, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sha256_of(value: object) -> str:
    """Return the SHA-256 (hexadecimal) of bytes, or of the canonical JSON of anything else."""
    data = value if isinstance(value, bytes) else canonical_json(value)
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 (hexadecimal) of a file's bytes, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


@dataclass(frozen=True)
class TensorSpec:
    """Type and shape of one tensor, known before its numbers are."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return int(self.dtype.itemsize * np.prod(self.shape, dtype=np.int64))


class TensorWriter:
    """Write one canonical file piece by piece, then commit it with a rename.

    Numbers go through ordinary writes, not through a memory map: on a full disk a write raises, a map kills.

    Parameters
    ----------
    path
        Where the file will stand once committed.
    specs
        Type and shape of every tensor.
    header
        The content of the one metadata key; `schema` is added.
    """

    def __init__(self, path: Path, specs: Mapping[str, TensorSpec], header: Mapping[str, Any]) -> None:
        self.path = path
        order = sorted(specs, key=lambda name: (-specs[name].dtype.itemsize, name))
        entries: dict[str, Any] = {
            "__metadata__": {METADATA_KEY: canonical_json({**header, "schema": SCHEMA_VERSION}).decode()}
        }
        end = 0
        self._starts: dict[str, int] = {}
        for name in order:
            spec = specs[name]
            entries[name] = {
                "data_offsets": [end, end + spec.nbytes],
                "dtype": _NAMES[spec.dtype],
                "shape": list(spec.shape),
            }
            self._starts[name] = end
            end += spec.nbytes
        text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-len(text) % 8)
        self._specs = dict(specs)
        self._base = 8 + len(text)
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._file = self._temporary.open("wb")
        try:
            self._file.write(len(text).to_bytes(8, "little") + text)
            self._file.truncate(self._base + end)
        except OSError:
            self.abandon()
            raise

    def write(self, name: str, values: npt.NDArray[Any], row: int = 0) -> None:
        """Write rows `row … row + len(values)` of one tensor."""
        spec = self._specs[name]
        if values.dtype != spec.dtype or values.shape[1:] != spec.shape[1:]:
            raise ValueError(f"{name}: {values.dtype}{values.shape} does not fit {spec.dtype}{spec.shape}")
        if row < 0 or row + len(values) > spec.shape[0]:
            raise ValueError(f"{name}: rows {row}…{row + len(values)} lie outside {spec.shape[0]} rows")
        stride = spec.nbytes // spec.shape[0] if spec.shape[0] else 0
        self._file.seek(self._base + self._starts[name] + row * stride)
        self._file.write(np.ascontiguousarray(values).data)

    def commit(self) -> None:
        """Make the file durable and visible: fsync the file, rename, fsync the folder."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._temporary.replace(self.path)
        sync_folder(self.path.parent)

    def abandon(self) -> None:
        """Remove what was written."""
        try:
            self._file.close()
        finally:
            self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> TensorWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abandon()
            return
        try:
            self.commit()
        except BaseException:
            self.abandon()
            raise


def sync_folder(folder: Path) -> None:
    """Make a rename inside a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_tensors(path: Path, tensors: Mapping[str, npt.NDArray[Any]], header: Mapping[str, Any]) -> None:
    """Write one canonical file at once and commit it.

    Parameters
    ----------
    path
        Where the file will stand.
    tensors
        Arrays by name, little-endian.
    header
        JSON-able content of the one metadata key.
    """
    specs = {name: TensorSpec(array.dtype, array.shape) for name, array in tensors.items()}
    with TensorWriter(path, specs, header) as writer:
        for name, array in tensors.items():
            writer.write(name, array)


@dataclass(frozen=True)
class TensorFile:
    """A canonical file, memory-mapped: nothing is read before it is used."""

    path: Path
    header: dict[str, Any]
    tensors: dict[str, npt.NDArray[Any]]


def open_tensors(path: Path, kind: str) -> TensorFile:
    """Map a canonical file of one kind.

    Parameters
    ----------
    path
        The file.
    kind
        What its header must say it is (`records`, `embeddings`).

    Raises
    ------
    MatterzooError
        `INPUT_MISSING` if there is no such file, `BAD_INPUT` if it is not ours, truncated, or of a schema version
        that this release does not read.
    """
    if not path.is_file():
        raise MatterzooError(ExitCode.INPUT_MISSING, f"there is no file {path}")
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(size - 8, MAX_HEADER_BYTES):
            raise _not_ours(path, "it is no safetensors file")
        raw = file.read(length)
    try:
        entries: dict[str, Any] = json.loads(raw)
        header: dict[str, Any] = json.loads(entries.pop("__metadata__")[METADATA_KEY])
        found, version = header.get("kind"), header.get("schema")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _not_ours(path, "its header holds no 'matterzoo' key") from error
    if found != kind:
        raise _not_ours(path, f"it holds {found!r}, not {kind!r}")
    if version != SCHEMA_VERSION:
        raise _not_ours(path, f"it was written with schema {version}, and this release reads {SCHEMA_VERSION}")
    data: npt.NDArray[np.uint8] = (
        np.memmap(path, np.uint8, "r", offset=8 + length) if size > 8 + length else np.empty(0, np.uint8)
    )
    tensors = {name: _view(path, data, name, entry) for name, entry in entries.items()}
    if sum(array.nbytes for array in tensors.values()) != data.nbytes:
        raise _not_ours(path, "its tensors do not fill it")
    return TensorFile(path, header, tensors)


def _view(path: Path, data: npt.NDArray[np.uint8], name: str, entry: dict[str, Any]) -> npt.NDArray[Any]:
    try:
        dtype, shape = np.dtype(_DTYPES[entry["dtype"]]), tuple(entry["shape"])
        start, end = entry["data_offsets"]
        if not all(isinstance(size, int) and size >= 0 for size in (*shape, start, end)):
            raise ValueError("sizes are counts")
    except (KeyError, TypeError, ValueError) as error:
        raise _not_ours(path, f"tensor {name!r} is not described as safetensors does") from error
    if not 0 <= start <= end <= data.nbytes or end - start != TensorSpec(dtype, shape).nbytes:
        raise _not_ours(path, f"tensor {name!r} reaches outside the file: it was cut off")
    return data[start:end].view(dtype).reshape(shape)


def _not_ours(path: Path, why: str) -> MatterzooError:
    return MatterzooError(ExitCode.BAD_INPUT, f"{path} cannot be read: {why}")
