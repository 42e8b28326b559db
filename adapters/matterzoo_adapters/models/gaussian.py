"""Random vectors: what a comparison shows where there is nothing to see."""

from __future__ import annotations

import numpy as np

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding

DIMENSION = 128


class GaussianAdapter(AtomsAdapter):
    """Independent standard normal numbers, a record, drawn from the run's seed and the record's content hash.

    The same record has the same vector in every batch, order and process; a moved atom makes it another one.
    """

    backend = "none"

    def load(self) -> None:
        """There is nothing to load."""

    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return one vector a record [n, 128]."""
        hashes = np.ascontiguousarray(batch.records.hashes).view(np.uint32)
        draws = [np.random.default_rng([self.setup.seed, *words]).standard_normal(DIMENSION) for words in hashes]
        return Embedding({"vector": np.array(draws)}, per_record=True)
