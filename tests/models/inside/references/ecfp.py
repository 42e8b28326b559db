"""RDKit's older interface to the same fingerprint."""

from __future__ import annotations

from typing import Any

import numpy as np

from references import TextReference


def reference(adapter: Any) -> TextReference:
    """RDKit's older interface to the same fingerprint."""
    from rdkit import Chem, DataStructs
    from rdkit.Chem import AllChem

    del adapter

    def call(smiles: str) -> np.ndarray:
        bits = np.zeros(2048)
        fingerprint = AllChem.GetMorganFingerprintAsBitVect(Chem.MolFromSmiles(smiles), 2, nBits=2048)
        DataStructs.ConvertToNumpyArray(fingerprint, bits)
        return bits[None]

    return call
