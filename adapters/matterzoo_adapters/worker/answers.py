"""Collect a shard's answers, in the records' order whatever the batches' order was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matterzoo_adapters.pooling import pool
from matterzoo_schemas.columns import Array, Strings, offsets_of
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.shard import Embeddings, Layer, Nodes, Status


class Answers:
    """What the model answered for `count` records so far.

    Parameters
    ----------
    count
        Records of the shard.
    layers
        Layer → length of its vectors as the card states it, or None.
    pooling
        How node vectors become one vector.
    keep_nodes, keep_energy
        Whether node vectors and energies are kept.
    """

    def __init__(
        self, count: int, layers: Mapping[str, int | None], pooling: str, *, keep_nodes: bool, keep_energy: bool
    ) -> None:
        self.status = np.zeros(count, np.uint8)
        self._reasons = [""] * count
        self._dims = dict(layers)
        self._pooled: dict[str, npt.NDArray[np.float32]] = {}
        self._pooling = pooling
        self._nodes: dict[str, list[Array | None]] = {name: [None] * count for name in layers} if keep_nodes else {}
        self._index: list[Array] = [np.zeros(0, np.int64)] * count
        self._energy = np.full(count, np.nan) if keep_energy else None

    def fail(self, row: int, status: Status, reason: str) -> None:
        """Record that a record has no vector, and why."""
        self.status[row] = status
        self._reasons[row] = reason
        for vectors in self._pooled.values():
            vectors[row] = np.nan
        if self._energy is not None:
            self._energy[row] = np.nan

    def put(
        self,
        rows: npt.NDArray[np.int64],
        layers: Mapping[str, Array],
        offsets: Array | None,
        index: Array | None,
        energy: Array | None,
        weights: npt.NDArray[np.float64] | None = None,
    ) -> None:
        """Keep one batch's vectors: [Σ nᵢ, d] with offsets, or [n, d] without."""
        finite = np.ones(len(rows), np.bool_)
        for name in self._dims:
            values = self._checked(name, layers, len(rows), offsets)
            pooled = values.astype(np.float32) if offsets is None else pool(values, offsets, self._pooling, weights)
            finite &= np.isfinite(pooled).all(axis=1)
            self._rows_of(name, pooled.shape[1])[rows] = pooled
            if name in self._nodes and offsets is not None:
                pieces = np.split(values.astype(np.float32), offsets[1:-1])
                for row, piece in zip(rows.tolist(), pieces, strict=True):
                    self._nodes[name][row] = piece
        if self._nodes and offsets is not None:
            default = np.arange(offsets[-1]) - np.repeat(offsets[:-1], np.diff(offsets))
            pieces = np.split(default if index is None else index, offsets[1:-1])
            for row, piece in zip(rows.tolist(), pieces, strict=True):
                self._index[row] = piece.astype(np.int64)
        if self._energy is not None:
            if energy is None or energy.shape != (len(rows),):
                given = "none" if energy is None else f"shape {energy.shape}"
                raise _wrong(f"the card promises an energy a record, and the adapter gave {given}")
            self._energy[rows] = energy
            finite &= np.isfinite(self._energy[rows])
        for row in rows[~finite].tolist():
            self.fail(row, Status.NOT_FINITE, "the model answered with NaN or infinity")

    def _checked(self, name: str, layers: Mapping[str, Array], count: int, offsets: Array | None) -> Array:
        if name not in layers:
            raise _wrong(f"the adapter gave no layer {name!r}, only {', '.join(sorted(layers)) or 'none'}")
        values = layers[name]
        expected = count if offsets is None else int(offsets[-1])
        if values.ndim != 2 or len(values) != expected:
            raise _wrong(f"layer {name!r} has shape {values.shape}, and {expected} nodes went in")
        dim = self._dims[name]
        if dim is not None and values.shape[1] != dim:
            raise _wrong(f"layer {name!r} has vectors of length {values.shape[1]}, and the card says {dim}")
        return values

    def _rows_of(self, name: str, dim: int) -> npt.NDArray[np.float32]:
        if name not in self._pooled:
            self._pooled[name] = np.full((len(self.status), dim), np.nan, np.float32)
        return self._pooled[name]

    def finish(self, ids: Strings, header: Mapping[str, Any]) -> Embeddings:
        """Return everything as one file's content; failed records are NaN rows without nodes."""
        ok = self.status == Status.OK
        layers = {}
        for name, dim in self._dims.items():
            pooled = self._rows_of(name, dim or 0)
            layers[name] = Layer(pooled, self._concatenated(self._nodes.get(name), ok, pooled.shape[1]))
        nodes = None
        if self._nodes:
            index = [piece if good else piece[:0] for piece, good in zip(self._index, ok, strict=True)]
            nodes = Nodes(offsets_of(map(len, index)), np.concatenate([np.zeros(0, np.int64), *index]))
        return Embeddings(ids, layers, self.status, Strings.pack(self._reasons), self._energy, nodes, header)

    @staticmethod
    def _concatenated(
        pieces: Sequence[Array | None] | None, ok: npt.NDArray[np.bool_], dim: int
    ) -> npt.NDArray[np.float32] | None:
        if pieces is None:
            return None
        kept = [piece for piece, good in zip(pieces, ok, strict=True) if good and piece is not None]
        return np.concatenate([np.zeros((0, dim), np.float32), *kept])


def _wrong(what: str) -> MatterzooError:
    return MatterzooError(ExitCode.BAD_CARD, what, "the adapter and its card must agree")
