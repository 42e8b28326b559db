"""Each atom of a SMILES has its character, and RDKit numbers them in that order."""

from __future__ import annotations

import pytest
from rdkit import Chem

from matterzoo_adapters.conformance.smiles import FLAT, STEREO
from matterzoo_adapters.conformance.strings import STRINGS
from matterzoo_adapters.smiles import atom_places

WRITTEN = [
    *STRINGS["smiles"].values(), "ClCBr", "[Na+].[Cl-]", "[13CH4]", "[2H]OC", "[nH]1cccc1", "c1cc[se]c1", "C%10CC%10",
    "N[C@@H](C)C(=O)O", "F/C=C\\F", "[Fe+2].[O-2]", "*C", "[#6]C", "B1OC1", "c1cscn1", "[Si](C)(C)C", "CC(C)(C)P",
    "OS(=O)(=O)O", "[Cu+2].[O-]S(=O)(=O)[O-]", "C[N+](C)(C)C.[I-]", "C1=CC=CC=C1O ethenol Br",
]  # fmt: skip


@pytest.mark.parametrize("smiles", WRITTEN)
def test_the_kth_place_is_that_of_rdkits_kth_atom(smiles: str) -> None:
    places = atom_places(smiles)
    symbols = [atom.GetSymbol() for atom in Chem.MolFromSmiles(smiles).GetAtoms()]
    assert len(places) == len(symbols)
    for place, symbol in zip(places, symbols, strict=True):
        written = smiles[place:].lstrip("[0123456789")
        assert symbol == "*" or written.startswith("#") or written.lower().startswith(symbol.lower())


def test_places_count_from_the_strings_own_beginning() -> None:
    assert atom_places(" CO") == [1, 2]
    assert atom_places("") == []


@pytest.mark.parametrize(("first", "second"), [*FLAT.values(), *STEREO.values()])
def test_two_spellings_of_the_suite_are_one_molecule(first: str, second: str) -> None:
    assert first != second
    assert Chem.CanonSmiles(first) == Chem.CanonSmiles(second)
