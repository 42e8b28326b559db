"""SOAP, the smooth overlap of atomic positions (DScribe)."""

from __future__ import annotations

import numpy as np
from dscribe.descriptors import SOAP

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding

ELEMENTS = list(range(1, 119))


class SOAPAdapter(AtomsAdapter):
    """Power spectrum of the neighbours' density within 5 Å: σ = 0.5 Å, n_max = 8, l_max = 6.

    All elements share one density, in which each atom weighs as much as its atomic number (DScribe's compression
    `mu2`): the length does not depend on which elements the data happen to have.
    """

    backend = "none"

    def load(self) -> None:
        """Make two descriptors, for DScribe wants a cell of a periodic one, and a molecule has none."""
        self.descriptors = {periodic: descriptor(periodic=periodic) for periodic in (False, True)}

    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the power spectrum around each atom [Σ nᵢ, 252]."""
        structures = batch.ase_atoms
        for atoms in structures:
            atoms.wrap()  # DScribe takes atoms where they lie, and misses the images of those outside the cell
        vectors = [self.descriptors[bool(atoms.pbc.any())].create(atoms) for atoms in structures]
        return Embedding({"power_spectrum": np.concatenate(vectors)})


def descriptor(*, periodic: bool) -> SOAP:
    """Return the descriptor with the parameters above."""
    weights = {number: float(number) for number in ELEMENTS}
    return SOAP(
        species=ELEMENTS, r_cut=5.0, n_max=8, l_max=6, sigma=0.5, periodic=periodic,
        compression={"mode": "mu2", "species_weighting": weights},
    )  # fmt: skip
