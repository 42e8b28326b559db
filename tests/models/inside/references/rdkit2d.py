"""RDKit's calculator of chosen descriptors, its other interface."""

from __future__ import annotations

from typing import Any

import numpy as np

from references import TextReference


def reference(adapter: Any) -> TextReference:
    """The same descriptors by name, undefined ones as 0."""
    from rdkit import Chem
    from rdkit.Chem import Descriptors
    from rdkit.ML.Descriptors.MoleculeDescriptors import MolecularDescriptorCalculator

    del adapter
    calculator = MolecularDescriptorCalculator([name for name, _ in Descriptors.descList])

    def call(smiles: str) -> np.ndarray:
        return np.nan_to_num(np.array([calculator.CalcDescriptors(Chem.MolFromSmiles(smiles))]))

    return call
