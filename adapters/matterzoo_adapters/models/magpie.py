"""Magpie: statistics of tabulated properties of the elements, over a composition (matminer)."""

from __future__ import annotations

from collections import Counter

import numpy as np
from matminer.featurizers.composition import ElementProperty
from pymatgen.core import Composition, Element

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding


class MagpieAdapter(AtomsAdapter):
    """Minimum, maximum, range, mean, mean absolute deviation and mode of 22 properties.

    An element that lacks a property in the table is left out of the card's domain: matminer would fill it in with the
    mean over all elements.
    """

    backend = "none"

    def load(self) -> None:
        """Read the table that matminer carries."""
        self.statistics = ElementProperty.from_preset("magpie", impute_nan=False)

    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return one vector a record [n, 132]; what is made of the same atoms is computed once."""
        made_of = [composition(structure.numbers.tolist()) for structure in batch.structures]
        vectors = {composition: self.statistics.featurize(composition) for composition in set(made_of)}
        return Embedding({"statistics": np.array([vectors[composition] for composition in made_of])}, per_record=True)


def composition(numbers: list[int]) -> Composition:
    """Return the composition of atomic numbers; elements in the table's order, whatever that of the atoms."""
    return Composition({Element.from_Z(number): count for number, count in sorted(Counter(numbers).items())})
