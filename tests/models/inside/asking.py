"""Load an adapter and ask it, without any package but its own: what all measurements share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from matterzoo_adapters.backends import backend
from matterzoo_adapters.base import Adapter, Setup
from matterzoo_adapters.worker.loading import adapter_class


def load(setup: Setup, seed: int = 0) -> Adapter[Any]:
    """Load an adapter as the worker does."""
    found = adapter_class(setup.adapter)
    adapter = found(replace(setup, seed=seed), backend(found.backend).prepare("cpu", seed, 1))
    adapter.load()
    return adapter


class Asked:
    """An adapter's answers as NumPy arrays."""

    def __init__(self, adapter: Adapter[Any]) -> None:
        self.adapter = adapter
        self._to_numpy = backend(adapter.backend).to_numpy
        self.layer: str = adapter.setup.card["embedding"]["default"]
        self.heavy_only = False

    def embed(self, batch: Any) -> tuple[list[np.ndarray], np.ndarray | None]:
        """Return node vectors a record (or one row, where there are no nodes), and energies."""
        answer = self.adapter.embed(batch)
        vectors = self._to_numpy(answer.layers[self.layer])
        energy = None if answer.energy is None else self._to_numpy(answer.energy)
        if answer.per_record:
            return np.split(vectors, np.arange(1, len(batch))), energy
        cuts = np.cumsum(batch.sizes)[:-1] if answer.offsets is None else answer.offsets[1:-1]
        self.heavy_only = answer.index is not None and len(answer.index) < batch.sizes.sum()
        return np.split(vectors, cuts), energy


def deviation(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return ‖ours − theirs‖ / ‖theirs‖."""
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


def batched(measured: Asked, batch: Any) -> float:
    """Compare one batch of all with batches of one."""
    all_at_once, _ = measured.embed(batch)
    alone = [type(batch)(batch.records.take(np.array([row])), batch.view) for row in range(len(batch))]
    singles = [measured.embed(one)[0][0] for one in alone]
    return max(deviation(a, b) for a, b in zip(all_at_once, singles, strict=True))
