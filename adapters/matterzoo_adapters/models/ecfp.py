"""Extended-connectivity fingerprints (RDKit's Morgan fingerprints)."""

from __future__ import annotations

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from matterzoo_adapters.base import Embedding, TextAdapter, TextBatch

RADIUS = 2
BITS = 2048


class ECFPAdapter(TextAdapter):
    """ECFP4: bits of the atoms' neighbourhoods up to two bonds away, folded to 2048; chirality is not seen."""

    backend = "none"
    padded = False

    def load(self) -> None:
        """Make the generator."""
        self.generator = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)

    def refuse(self, batch: TextBatch) -> dict[int, str]:
        """Refuse what RDKit does not parse or sanitise."""
        parsed = map(Chem.MolFromSmiles, batch.strings)
        return {row: "RDKit does not parse this SMILES" for row, molecule in enumerate(parsed) if molecule is None}

    def embed(self, batch: TextBatch) -> Embedding:
        """Return one vector of zeros and ones a molecule [n, 2048]."""
        molecules = map(Chem.MolFromSmiles, batch.strings)
        bits = [self.generator.GetFingerprintAsNumPy(molecule) for molecule in molecules]
        return Embedding({"bits": np.array(bits, np.float32)}, per_record=True)
