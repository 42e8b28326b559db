"""Models that misbehave on purpose, each record by its name, so that the tests see what one bad record costs."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from typing import Any

import numpy as np

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding


class Mischief(AtomsAdapter):
    """Vectors are atomic number and position; a record named `abort…`, `sleep…` and so on does just that."""

    backend = "none"

    def load(self) -> None:
        ctypes.CDLL(None).puts(b"a model package greets from C")
        print("and from Python", flush=True)

    def embed(self, batch: AtomsBatch) -> Embedding:
        for name in batch.ids:
            deed = getattr(self, f"_{name.partition('-')[0]}", None)
            if deed is not None:
                deed()
        vectors = np.column_stack([batch.numbers.astype(np.float64), batch.positions]).astype(np.float32)
        energy = np.add.reduceat(-vectors[:, 0].astype(np.float64), batch.offsets[:-1])
        if any(name.startswith("nan") for name in batch.ids):
            vectors[batch.offsets[[name.startswith("nan") for name in batch.ids].index(True)]] = np.nan
        return Embedding({"last": vectors}, energy)

    def _abort(self) -> None:
        os.abort()

    def _segv(self) -> None:
        ctypes.string_at(0)

    def _die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def _sleep(self) -> None:
        time.sleep(3600)

    def _slow(self) -> None:
        time.sleep(0.2)

    def _eat(self) -> None:
        eaten: list[Any] = []
        while True:
            eaten.append(np.ones(8_000_000))

    def _raise(self) -> None:
        raise ValueError("this record is poisoned")

    def _print(self) -> None:
        libc = ctypes.CDLL(None)
        for _ in range(2000):
            libc.puts(b'{"type":"done","shard":0} is no event when a package prints it')
        libc.fflush(None)


class Seeded(Mischief):
    """Leaves its weights random, as a loader that ignores missing keys does."""

    def load(self) -> None:
        self._matrix = np.random.standard_normal((4, 4))  # noqa: NPY002 (the worker seeds the global one)

    def weights(self) -> dict[str, np.ndarray]:
        return {"matrix": self._matrix}

    def embed(self, batch: AtomsBatch) -> Embedding:
        answer = super().embed(batch)
        return Embedding({"last": (answer.layers["last"] @ self._matrix).astype(np.float32)}, answer.energy)
