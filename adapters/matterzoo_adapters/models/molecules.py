"""Molecules of SMILES for models of graphs: RDKit parses, and each atom knows the character where it is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rdkit import Chem

from matterzoo_adapters.base import Embedding, TextAdapter, TextBatch
from matterzoo_adapters.smiles import atom_places
from matterzoo_schemas.columns import offsets_of

PLACE = "_place"
UNPARSED = "RDKit does not parse this SMILES"


def parsed(smiles: str) -> Any:
    """Return the molecule as `Chem.MolFromSmiles` gives it, or nothing where it gives nothing."""
    return Chem.MolFromSmiles(smiles)


def places(smiles: str, molecule: Chem.Mol) -> npt.NDArray[np.int64]:
    """Return the character of the SMILES where each atom of the molecule is written [atoms].

    RDKit numbers atoms in the order in which they are written, and takes explicit hydrogens out; where a model puts all
    hydrogens in, they come last, and stand where their atom does.

    Raises
    ------
    ValueError
        If the molecule's atoms are not those that are found in the string.
    """
    written = np.array(atom_places(smiles), np.int64)
    plain = parsed(smiles)
    if len(written) != plain.GetNumAtoms():
        every = Chem.MolFromSmiles(smiles, _with_hydrogens())
        if every.GetNumAtoms() != len(written):
            raise ValueError(f"{len(written)} atoms are found in {smiles}, and RDKit reads {every.GetNumAtoms()}")
        for atom, place in zip(every.GetAtoms(), written.tolist(), strict=True):
            atom.SetIntProp(PLACE, place)
        kept = Chem.RemoveHs(every).GetAtoms()
        written = np.array([atom.GetIntProp(PLACE) for atom in kept], np.int64)
    if len(written) != plain.GetNumAtoms():
        raise ValueError(f"{len(written)} atoms of {smiles} are left, and RDKit keeps {plain.GetNumAtoms()}")
    added = [molecule.GetAtomWithIdx(index) for index in range(len(written), molecule.GetNumAtoms())]
    return np.concatenate([written, [written[atom.GetNeighbors()[0].GetIdx()] for atom in added]]).astype(np.int64)


def _with_hydrogens() -> Any:
    settings: Any = Chem.SmilesParserParams()
    settings.removeHs = False
    return settings


class MoleculeAdapter(TextAdapter):
    """A model that reads a SMILES as a graph; its nodes are atoms, and a batch costs their sum."""

    padded = False

    def refuse(self, batch: TextBatch) -> dict[int, str]:
        """Refuse what RDKit does not parse, and what the model cannot say anything about."""
        refused = {}
        for row, smiles in enumerate(batch.strings):
            molecule = parsed(smiles)
            if molecule is None or molecule.GetNumAtoms() == 0:
                refused[row] = UNPARSED if molecule is None else "it has no atoms"
            elif why := self.unfit(molecule):
                refused[row] = why
        return refused

    def unfit(self, molecule: Chem.Mol) -> str:
        """Say why the model cannot take a molecule; empty if it can."""
        del molecule
        return ""

    def embedding(self, batch: TextBatch, molecules: Sequence[Chem.Mol], **layers: Any) -> Embedding:
        """Return vectors of the molecules' atoms [Σ nᵢ, d], with the characters where they are written."""
        index = [places(smiles, molecule) for smiles, molecule in zip(batch.strings, molecules, strict=True)]
        return Embedding(layers, offsets=offsets_of(map(len, index)), index=np.concatenate(index))
