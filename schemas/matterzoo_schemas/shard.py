"""Embeddings: what a worker writes for a shard of records, and what `gather` makes of all shards of one model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matterzoo_schemas.canonical import TensorSpec, TensorWriter, open_tensors
from matterzoo_schemas.columns import Array, Strings, check_offsets
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

KIND = "embeddings"


class Status(IntEnum):
    """What became of a record. Whatever is not OK is a NaN row that every reader masks."""

    OK = 0
    MISSING_VIEW = 1
    """The record lacks the view that the model takes, and none could be derived."""
    INVALID = 2
    """The record cannot be what it says: a NaN position, no atoms, two atoms at one place, no parse."""
    UNSUPPORTED = 3
    """Outside the model's domain: an element, a periodicity, a size, a charge."""
    ERROR = 4
    """The model raised an exception."""
    NOT_FINITE = 5
    """The model answered with NaN or infinity."""
    OUT_OF_MEMORY = 6
    """Too large for the device, even alone."""
    CRASHED = 7
    """The model's process died on this record."""
    TIMEOUT = 8
    """The model did not answer in time."""


@dataclass(frozen=True, eq=False)
class Layer:
    """Vectors of one layer.

    Parameters
    ----------
    pooled
        One vector a record [n, d] float32.
    nodes
        One vector a node [Σ nᵢ, d] float32, on request.
    """

    pooled: npt.NDArray[np.float32]
    nodes: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class Nodes:
    """Which rows of `Layer.nodes` belong to which record [n+1], and which atom or residue each is [Σ nᵢ]."""

    offsets: npt.NDArray[np.int64]
    index: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Embeddings:
    """One model's answer for many records.

    Parameters
    ----------
    ids
        The records' ids [n], in their order.
    layers
        Vectors by layer.
    status
        A `Status` a record [n] uint8.
    reason
        Why, in words [n]; empty where the status is OK.
    energy
        Predicted energy [n] in eV; None if the model has no head.
    nodes
        Rows of the node vectors; None if they were not asked for.
    header
        Model, key, options, records' identity: JSON-able, without dates and durations.
    """

    ids: Strings
    layers: Mapping[str, Layer]
    status: npt.NDArray[np.uint8]
    reason: Strings
    energy: npt.NDArray[np.float64] | None = None
    nodes: Nodes | None = None
    header: Mapping[str, Any] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def ok(self) -> npt.NDArray[np.bool_]:
        """Which records have vectors [n]."""
        return np.asarray(self.status == Status.OK)

    def take(self, rows: Array) -> Embeddings:
        """Return the pooled vectors of the records `rows`, in that order; node vectors are left behind."""
        return Embeddings(
            self.ids.take(rows),
            {name: Layer(layer.pooled[rows]) for name, layer in self.layers.items()},
            self.status[rows],
            self.reason.take(rows),
            None if self.energy is None else self.energy[rows],
            None,
            self.header,
        )

    def copied(self) -> Embeddings:
        """Return the same embeddings in memory, independent of the file they were mapped from."""
        layers = {
            name: Layer(np.array(layer.pooled), None if layer.nodes is None else np.array(layer.nodes))
            for name, layer in self.layers.items()
        }
        return Embeddings(
            Strings(np.array(self.ids.data), np.array(self.ids.offsets)),
            layers,
            np.array(self.status),
            Strings(np.array(self.reason.data), np.array(self.reason.offsets)),
            None if self.energy is None else np.array(self.energy),
            None if self.nodes is None else Nodes(np.array(self.nodes.offsets), np.array(self.nodes.index)),
            self.header,
        )

    def tensors(self) -> dict[str, Array]:
        """Return the tensors that stand for these embeddings in a file."""
        tensors: dict[str, Array] = {
            **self.ids.tensors("ids"), **self.reason.tensors("reason"), "status": self.status,
        }  # fmt: skip
        for name, layer in self.layers.items():
            tensors[f"layers/{name}/pooled"] = layer.pooled
            if layer.nodes is not None:
                tensors[f"layers/{name}/nodes"] = layer.nodes
        if self.energy is not None:
            tensors["energy"] = self.energy
        if self.nodes is not None:
            tensors |= {"nodes/offsets": self.nodes.offsets, "nodes/index": self.nodes.index}
        return tensors

    def write(self, path: Path) -> None:
        """Write the canonical file; the rename is the commit."""
        tensors = self.tensors()
        specs = {name: TensorSpec(array.dtype, array.shape) for name, array in tensors.items()}
        with TensorWriter(path, specs, file_header(self.header or {}, list(self.layers), len(self))) as writer:
            for name, array in tensors.items():
                writer.write(name, array)

    @classmethod
    def open(cls, path: Path) -> Embeddings:
        """Map a file of embeddings.

        Raises
        ------
        MatterzooError
            `INPUT_MISSING` or `BAD_INPUT`, naming the file and what is wrong with it.
        """
        file = open_tensors(path, KIND)
        tensors = file.tensors
        try:
            ids, reason = (Strings.from_tensors(tensors, name) for name in ("ids", "reason"))
            layers = {
                name: Layer(tensors[f"layers/{name}/pooled"], tensors.get(f"layers/{name}/nodes"))
                for name in file.header["layers"]
            }
            nodes = None
            if "nodes/offsets" in tensors:
                nodes = Nodes(tensors["nodes/offsets"], tensors["nodes/index"])
                check_offsets(nodes.offsets, len(nodes.index), "nodes")
            rows = [len(tensors["status"]), len(reason), *(len(layer.pooled) for layer in layers.values())]
            if any(n != len(ids) for n in rows):
                raise ValueError("columns of different lengths")
        except (KeyError, TypeError, ValueError) as error:
            raise MatterzooError(ExitCode.BAD_INPUT, f"{path} is no file of embeddings: {error}") from error
        return cls(ids, layers, tensors["status"], reason, tensors.get("energy"), nodes, file.header)


def file_header(header: Mapping[str, Any], layers: list[str], count: int) -> dict[str, Any]:
    """Return the header of a file of embeddings: what the caller says, and what the file holds."""
    return {**header, "kind": KIND, "layers": sorted(layers), "count": count}
