"""matminer's own call."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """Magpie's preset, as a user has it, of the chemical formula as ASE writes it."""
    from matminer.featurizers.composition import ElementProperty
    from pymatgen.core import Composition

    del adapter
    preset = ElementProperty.from_preset("magpie")

    def call(atoms: Atoms) -> Answer:
        return np.array([preset.featurize(Composition(atoms.get_chemical_formula()))]), None

    return call
