"""The chemical composition, and nothing else."""

from __future__ import annotations

import numpy as np

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding

ELEMENTS = 118


class CompositionAdapter(AtomsAdapter):
    """Which element each atom is; the mean over atoms is the vector of atomic fractions, hydrogen first."""

    backend = "none"

    def load(self) -> None:
        """There is nothing to load."""

    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return one-hot vectors [Σ nᵢ, 118]."""
        return Embedding({"elements": np.eye(ELEMENTS, dtype=np.float32)[batch.numbers.astype(np.int64) - 1]})
