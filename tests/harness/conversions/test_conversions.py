"""Conversions: named, recorded, deterministic, and a failure is one record's."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ase.build import bulk, molecule
from rdkit import Chem

from matterzoo_harness.conversions import ROUTES, provide
from matterzoo_harness.conversions.molecules import conformer_of, smiles_of
from matterzoo_harness.conversions.text import text_of_atoms
from matterzoo_harness.readers import from_atoms, from_strings
from matterzoo_harness.readers.ase_atoms import structure_of

SMILES = ["CCO", "c1ccccc1", "CC(=O)[O-]", "N[C@@H](C)C(=O)O", "C[N+](C)(C)C.[Cl-]", "[CH3]", "O"]


def test_a_view_that_is_there_is_left_as_it_is():
    result = from_strings(["OCC"], "smiles")
    assert provide(result, "smiles") is result


def test_a_conversion_is_recorded_with_versions_options_and_count():
    result = provide(from_strings(SMILES, "smiles"), "atoms")
    (made,) = json.loads(json.dumps(result.conversions))
    assert (made["from"], made["view"], made["records"]) == ("smiles", "atoms", len(SMILES))
    (step,) = made["steps"]
    assert step["name"] == "etkdg-conformer"
    assert step["options"]["seed"] == 42
    assert "rdkit" in step["libraries"]


def test_the_same_smiles_gives_the_same_conformer():
    first, second = (provide(from_strings(SMILES, "smiles"), "atoms") for _ in range(2))
    assert first.records.identity == second.records.identity


@pytest.mark.parametrize("smiles", SMILES)
def test_a_conformer_has_the_atoms_charge_and_spin_of_its_smiles(smiles):
    structure = conformer_of(smiles)
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert structure.numbers.tolist() == [atom.GetAtomicNum() for atom in mol.GetAtoms()]
    assert structure.charge == Chem.GetFormalCharge(mol)
    assert structure.spin == 1 + sum(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms())
    distances = np.linalg.norm(structure.positions[:, None] - structure.positions[None], axis=-1)
    assert (distances + 9 * np.eye(len(distances))).min() > 0.7


@pytest.mark.parametrize("smiles", SMILES)
def test_bonds_perceived_in_a_conformer_give_the_smiles_back(smiles):
    structure = conformer_of(smiles)
    assert Chem.CanonSmiles(smiles_of(structure)) == Chem.CanonSmiles(smiles)


def test_what_cannot_be_converted_is_a_reason_and_keeps_its_row():
    result = from_strings(["CCO", "*CC", "C1CC2CC1C=C2C#C"], "smiles", ids=["ok", "wild", "strained"])
    converted = provide(result, "atoms")
    assert list(converted.records.ids) == ["ok", "wild", "strained"]
    assert list(converted.unconverted["atoms"]) == ["wild"]
    assert "wildcard" in converted.unconverted["atoms"]["wild"]
    assert converted.records.atoms.present.tolist() == [True, False, True]
    assert converted.failures == {}


def test_only_what_is_missing_is_converted():
    water = from_atoms([molecule("H2O"), bulk("Cu")], ids=["water", "copper"])
    result = provide(water, "smiles")
    assert result.records.views["smiles"].present.tolist() == [True, False]
    assert result.unconverted["smiles"] == {"copper": "a periodic structure has no SMILES"}
    again = provide(result, "smiles")
    assert again.records.identity == result.records.identity
    assert len(again.conversions) == 1


@pytest.mark.parametrize("name", ["CH3", "O", "Li", "H2COH"])
def test_a_radical_keeps_its_unpaired_electron(name):
    atoms = molecule(name)
    unpaired = round(abs(atoms.get_initial_magnetic_moments().sum()))
    smiles = smiles_of(structure_of(atoms, 0, unpaired + 1))
    mol = Chem.MolFromSmiles(smiles)
    assert sum(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms()) == unpaired


def test_bonds_that_contradict_the_spin_are_refused():
    with pytest.raises(ValueError, match="unpaired electrons"):
        smiles_of(structure_of(molecule("CH3"), 0, 4))


def test_bonds_that_contradict_the_charge_are_refused():
    with pytest.raises(ValueError, match="no bonds fit the structure and its charge 3"):
        smiles_of(structure_of(molecule("H2O"), 3))


@pytest.mark.parametrize(
    ("structure", "reason"),
    [
        (structure_of(molecule("H2O")[:0]), "without atoms"),
        (structure_of(bulk("Cu")), "periodic"),
    ],
)
def test_what_is_no_molecule_has_no_smiles(structure, reason):
    with pytest.raises(ValueError, match=reason):
        smiles_of(structure)


@pytest.mark.parametrize("smiles", SMILES)
def test_selfies_give_the_molecule_back(smiles):
    selfies = provide(from_strings([smiles], "smiles"), "selfies").records.views["selfies"][0]
    back = provide(from_strings([selfies], "selfies"), "smiles").records.views["smiles"][0]
    assert Chem.CanonSmiles(back) == Chem.CanonSmiles(smiles)


def test_a_chain_of_conversions_names_each_step():
    result = provide(from_atoms([molecule("CH3CH2OH")], ids=["ethanol"]), "selfies")
    assert result.records.views["selfies"][0] == "[C][C][O]"
    assert [step["name"] for step in result.conversions[0]["steps"]] == ["bond-perception", "selfies-encoder"]


def test_a_crystal_is_told_by_cell_and_fractional_coordinates():
    text = text_of_atoms(structure_of(bulk("NaCl", "rocksalt", a=5.64, cubic=True)))
    lines = text.splitlines()
    assert lines[:4] == [
        "Formula: Cl4Na4",
        "Cell lengths (Å): 5.6400 5.6400 5.6400",
        "Cell angles (degrees): 90.0000 90.0000 90.0000",
        "Fractional coordinates:",
    ]
    assert lines[4:6] == ["Na 0.0000 0.0000 0.0000", "Cl 0.5000 0.0000 0.0000"]
    assert "-0.0000" not in text


def test_a_molecule_is_told_by_charge_spin_and_cartesian_coordinates():
    text = text_of_atoms(structure_of(molecule("OH"), -1, 1))
    assert text.startswith("Formula: HO\nCharge: -1\nSpin multiplicity: 1\nCartesian coordinates (Å):\nO ")


def test_a_record_with_smiles_is_told_by_its_smiles():
    result = provide(from_strings(["CCO"], "smiles"), "text")
    assert result.records.views["text"][0] == "SMILES: CCO"


def test_a_view_to_which_nothing_leads_stays_missing():
    result = from_strings(["MKV"], "sequence")
    assert provide(result, "atoms") is result


def test_every_route_of_the_table_is_there():
    for route in ROUTES:
        assert callable(route.load())
        json.dumps(route.provenance(0))


def test_progress_is_told_record_by_record():
    told = []
    provide(from_strings(["C", "CC", "*"], "smiles"), "atoms", progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
