"""Where the atoms of a SMILES are written."""

from __future__ import annotations

import re

ATOM = re.compile(r"\[[^\]]*\]|Br|Cl|[BCNOPSFIbcnops*]")
"""An atom in brackets, or one of the organic subset: nothing else in a SMILES has these letters."""


def atom_places(smiles: str) -> list[int]:
    """Return the character where each atom begins, in the order in which they are written.

    What follows a blank is a name, and no part of the molecule.

    Parameters
    ----------
    smiles
        A SMILES that can be parsed; explicit hydrogens (`[H]`) count as atoms.
    """
    molecule = smiles.split(maxsplit=1)[0] if smiles.strip() else ""
    return [match.start() + smiles.index(molecule) for match in ATOM.finditer(molecule)]
