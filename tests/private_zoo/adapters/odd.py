"""Adapters that are well-behaved but for one thing."""

from __future__ import annotations

import numpy as np

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding


class Plain(AtomsAdapter):
    """Well-behaved: atomic number and position of each atom, an energy a record."""

    backend = "none"

    def load(self) -> None:
        pass

    def embed(self, batch: AtomsBatch) -> Embedding:
        vectors = np.column_stack([batch.numbers.astype(np.float64), batch.positions]).astype(np.float32)
        return Embedding({"last": vectors}, np.add.reduceat(-vectors[:, 0].astype(np.float64), batch.offsets[:-1]))


class Hungry(Plain):
    """Runs out of memory where a batch has more than ten atoms."""

    def embed(self, batch: AtomsBatch) -> Embedding:
        if len(batch.numbers) > 10:
            raise MemoryError(f"{len(batch.numbers)} atoms are too many")
        return super().embed(batch)


class TooWide(Plain):
    """Its vectors are longer than its card says."""

    def embed(self, batch: AtomsBatch) -> Embedding:
        answer = super().embed(batch)
        return Embedding({"last": np.repeat(answer.layers["last"], 2, axis=1)}, answer.energy)


class TooFew(Plain):
    """Forgets the last node."""

    def embed(self, batch: AtomsBatch) -> Embedding:
        answer = super().embed(batch)
        return Embedding({"last": answer.layers["last"][:-1]}, answer.energy)


class OtherLayer(Plain):
    """Does not give the layer it was asked for."""

    def embed(self, batch: AtomsBatch) -> Embedding:
        answer = super().embed(batch)
        return Embedding({"first": answer.layers["last"]}, answer.energy)


class NoEnergy(Plain):
    """Promises an energy and gives none."""

    def embed(self, batch: AtomsBatch) -> Embedding:
        return Embedding(super().embed(batch).layers)


class Heavy(Plain):
    """Its nodes are the atoms heavier than hydrogen; it takes no record without one."""

    def refuse(self, batch: AtomsBatch) -> dict[int, str]:
        heavy = np.add.reduceat((batch.numbers > 1).astype(np.int64), batch.offsets[:-1])
        return {int(row): "the structure is hydrogen only" for row in np.flatnonzero(heavy == 0)}

    def embed(self, batch: AtomsBatch) -> Embedding:
        answer = super().embed(batch)
        heavy = batch.numbers > 1
        offsets = np.concatenate([[0], np.cumsum(np.add.reduceat(heavy.astype(np.int64), batch.offsets[:-1]))])
        index = (np.arange(len(heavy)) - np.repeat(batch.offsets[:-1], np.diff(batch.offsets)))[heavy]
        return Embedding({"last": answer.layers["last"][heavy]}, answer.energy, offsets, index)


class Whole(Plain):
    """Has no nodes: one vector a record."""

    def embed(self, batch: AtomsBatch) -> Embedding:
        answer = super().embed(batch)
        return Embedding(
            {"last": np.add.reduceat(answer.layers["last"], batch.offsets[:-1])}, answer.energy, per_record=True
        )


class DiskFull(Plain):
    """Finds no room on the disk for what its package wants to write."""

    def embed(self, batch: AtomsBatch) -> Embedding:
        raise OSError(28, "No space left on device")


class Broken(Plain):
    """Cannot be loaded."""

    def load(self) -> None:
        raise RuntimeError("the checkpoint has other keys than the model")
