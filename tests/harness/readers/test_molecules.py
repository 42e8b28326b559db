"""Molecules: SMILES in tables and lists, SDF, MOL."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from matterzoo_harness.readers import read
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("column", ["smiles", "SMILES", "canonical_smiles", "Smi"])
def test_a_table_is_understood_by_its_header(tmp_path, delimiter, column):
    rows = [["mol_id", column, "gap", "note"], ["a", "CCO", "1.5", "x"], ["b", "c1ccccc1", "", "3"]]
    (tmp_path / "t.csv").write_text("\n".join(delimiter.join(row) for row in rows) + "\n")
    records = read(tmp_path / "t.csv").records
    assert list(records.ids) == ["a", "b"]
    assert [records[row].views for row in (0, 1)] == [{"smiles": "CCO"}, {"smiles": "c1ccccc1"}]
    assert [records[row].labels for row in (0, 1)] == [{"gap": 1.5}, {}]


def test_a_table_without_names_numbers_its_rows(tmp_path):
    (tmp_path / "t.tsv").write_text("energy\tsmiles\n-1.5\tC\n-2\tCC\n")
    records = read(tmp_path / "t.tsv").records
    assert list(records.ids) == ["t-0", "t-1"]
    assert records.labels["energy"].tolist() == [-1.5, -2.0]


def test_quoted_fields_and_a_byte_order_mark_are_read(tmp_path):
    (tmp_path / "t.csv").write_bytes('\ufeffid,smiles\n"a, the first","CC(=O)O"\n'.encode())
    records = read(tmp_path / "t.csv").records
    assert records[0].id == "a, the first"
    assert records[0].views == {"smiles": "CC(=O)O"}


def test_a_table_of_sequences_is_read_too(tmp_path):
    (tmp_path / "t.csv").write_text("accession,sequence,tm\nP1,MKV,55\nP2,mka,60\n")
    records = read(tmp_path / "t.csv").records
    assert list(records.ids) == ["P1", "P2"]
    assert list(records.text("sequence").strings) == ["MKV", "MKA"]


def test_rows_that_cannot_be_are_failed_records_with_their_names(tmp_path):
    text = "id,smiles,gap\nfine,CCO,1\nring,C1CC,2\nfive,C(C)(C)(C)(C)C,3\nempty,,4\nlong,CC,5,6\n"
    (tmp_path / "t.csv").write_text(text)
    result = read(tmp_path / "t.csv")
    assert list(result.records.ids) == ["fine", "ring", "five", "empty", "long"]
    assert list(result.failures) == ["ring", "five", "empty", "long"]
    assert "valence" in result.failures["five"]
    assert result.failures["empty"] == "the SMILES is empty"
    assert "4 fields, the header 3" in result.failures["long"]
    np.testing.assert_array_equal(result.records.labels["gap"], [1, 2, 3, 4, np.nan])


def test_a_column_of_texts_is_read_as_they_are_where_no_column_says_more(tmp_path):
    (tmp_path / "t.csv").write_text('id,text,gap\nsalt,"Na4Cl4, rock salt",5\nnone,,1\n')
    result = read(tmp_path / "t.csv")
    assert result.records[0].views == {"text": "Na4Cl4, rock salt"}
    assert result.failures == {"none": "the text is empty"}
    (tmp_path / "both.csv").write_text("text,smiles\nethanol,CCO\n")
    assert set(read(tmp_path / "both.csv").records[0].views) == {"smiles"}


def test_a_table_without_a_known_column_is_refused_with_the_known_names(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(MatterzooError, match=r"t\.csv.*no column is called smiles.*'a,b'") as raised:
        read(tmp_path / "t.csv")
    assert raised.value.code == ExitCode.BAD_INPUT


def test_a_list_of_smiles_takes_the_rest_of_the_line_as_name(tmp_path):
    (tmp_path / "l.smi").write_text("SMILES Name\n# a comment\nCCO ethyl alcohol\n\nCC\tethane\n")
    records = read(tmp_path / "l.smi").records
    assert list(records.ids) == ["ethyl alcohol", "ethane"]


def sdf_block(smiles: str, name: str, *, hydrogens: bool = True, flat: bool = False, **properties: str) -> str:
    molecule = Chem.MolFromSmiles(smiles)
    molecule = Chem.AddHs(molecule) if hydrogens else molecule
    if flat:
        from rdkit.Chem import rdDepictor

        rdDepictor.Compute2DCoords(molecule)
    else:
        assert rdDistGeom.EmbedMolecule(molecule, randomSeed=1) == 0
    molecule.SetProp("_Name", name)
    data = "".join(f"> <{key}>\n{value}\n\n" for key, value in properties.items())
    return Chem.MolToMolBlock(molecule) + data + "$$$$\n"


def test_an_sdf_gives_smiles_structure_name_and_numbers(tmp_path):
    (tmp_path / "m.sdf").write_text(sdf_block("CC(=O)[O-]", "acetate", logp="0.5", source="desk"))
    sample = read(tmp_path / "m.sdf").records[0]
    assert sample.id == "acetate"
    assert sample.views["smiles"] == "CC(=O)[O-]"
    assert sorted(sample.views["atoms"].numbers.tolist()) == [1, 1, 1, 6, 6, 8, 8]
    assert (sample.views["atoms"].charge, sample.views["atoms"].spin) == (-1, 1)
    assert sample.labels == {"logp": 0.5}


def test_a_radical_has_its_unpaired_electron(tmp_path):
    (tmp_path / "m.sdf").write_text(sdf_block("[CH3]", "methyl"))
    assert read(tmp_path / "m.sdf").records[0].views["atoms"].spin == 2


@pytest.mark.parametrize("how", [{"flat": True}, {"hydrogens": False}])
def test_a_drawing_or_a_skeleton_is_no_structure(tmp_path, how):
    (tmp_path / "m.sdf").write_text(sdf_block("CCO", "ethanol", **how))
    assert set(read(tmp_path / "m.sdf").records[0].views) == {"smiles"}


def test_a_broken_molecule_costs_only_itself(tmp_path):
    good, bad = sdf_block("CCO", "good"), sdf_block("CCO", "bad")
    too_many = sdf_block("C", "ammonium?").replace(" C  ", " N  ").replace(" C ", " N ")
    (tmp_path / "m.sdf").write_text(bad.replace("V2000", "V9999") + too_many + good)
    result = read(tmp_path / "m.sdf")
    assert list(result.records.ids) == ["bad", "ammonium?", "good"]
    assert list(result.failures) == ["bad", "ammonium?"]
    assert "valence" in result.failures["ammonium?"]


def test_molecules_without_a_title_are_numbered(tmp_path):
    (tmp_path / "m.sdf").write_text(sdf_block("CC", "") + sdf_block("CCC", ""))
    assert list(read(tmp_path / "m.sdf").records.ids) == ["m-0", "m-1"]


def test_a_mol_file_is_one_molecule(tmp_path):
    (tmp_path / "ethanol.mol").write_text(sdf_block("CCO", "").split("$$$$")[0])
    records = read(tmp_path / "ethanol.mol").records
    assert list(records.ids) == ["ethanol"]
    assert set(records[0].views) == {"smiles", "atoms"}
