"""Load an adapter and ask it, without any package but its own: what all measurements share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import references

from matterzoo_adapters.backends import backend
from matterzoo_adapters.base import Adapter, Setup
from matterzoo_adapters.worker.loading import adapter_class, fingerprint


def load(setup: Setup, seed: int = 0) -> Adapter[Any]:
    """Load an adapter as the worker does."""
    found = adapter_class(setup.adapter)
    adapter = found(replace(setup, seed=seed), backend(found.backend).prepare("cpu", seed, 1))
    adapter.load()
    return adapter


def refusal(setup: Setup) -> str:
    """Return why a model is not loaded; empty if it is."""
    try:
        load(setup)
    except (RuntimeError, ValueError) as error:
        return str(error)
    return ""


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


def fingerprints(setup: Setup, adapter: Adapter[Any]) -> list[str | None]:
    """Return the fingerprint of an adapter's weights, and of those that are loaded again and with another seed."""
    again = [fingerprint(load(setup, seed=seed).weights())[0] for seed in (0, 1)]
    return [fingerprint(adapter.weights())[0], *again]


def measured(setup: Setup, adapter: Adapter[Any], batch: Any, given: Sequence[Any]) -> dict[str, Any]:
    """Return what is measured of a model of any view that has a package to compare with, but for structures.

    Parameters
    ----------
    setup
        What the worker would be told.
    adapter
        Loaded from it.
    batch
        Records as the worker would hand them over.
    given
        The same, one by one, as the family's reference takes them.
    """
    family = references.of(setup.card["family"])
    assert family is not None, "tests/models/inside/references has no file of this family"
    asked, reference = Asked(adapter), family.reference(adapter)
    vectors, _ = asked.embed(batch)
    apart = max(deviation(ours, reference(one)) for ours, one in zip(vectors, given, strict=True))
    return {
        "fingerprints": fingerprints(setup, adapter),
        "dim": vectors[0].shape[1],
        "package": {"vectors": apart, "energy": 0},
        "batch": batched(asked, batch),
    }
