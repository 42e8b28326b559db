"""Eigenvalues of the Coulomb matrix of a molecule, and of the sine matrix of a crystal (DScribe)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from dscribe.descriptors import CoulombMatrix, SineMatrix

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding


class CoulombMatrixAdapter(AtomsAdapter):
    """Zᵢ Zⱼ / |rᵢ − rⱼ| (e²/Å), and Zᵢ^2.4 / 2 on the diagonal."""

    backend = "none"
    kind: ClassVar[type[CoulombMatrix | SineMatrix]] = CoulombMatrix

    def load(self) -> None:
        """Make the descriptor; its length is the largest number of atoms that the card allows."""
        self.descriptor = self.kind(n_atoms_max=self.setup.card["domain"]["max_nodes"], permutation="eigenspectrum")

    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return one spectrum a record [n, max_nodes]: largest modulus first, then zeros."""
        spectra = [self.descriptor.create(atoms) for atoms in batch.ase_atoms]
        return Embedding({"spectrum": np.array(spectra)}, per_record=True)


class SineMatrixAdapter(CoulombMatrixAdapter):
    """The same, with a distance that repeats with the cell: |B · sin²(π B⁻¹ (rᵢ − rⱼ))|."""

    kind = SineMatrix
