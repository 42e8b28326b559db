"""Proteins: FASTA, PDB, mmCIF, BinaryCIF."""

from __future__ import annotations

import ase.io
import biotite.structure as struc
import numpy as np
import pytest
from ase.build import bulk, molecule
from biotite.structure.io.pdb import PDBFile
from biotite.structure.io.pdbx import BinaryCIFFile, CIFFile, set_structure

from matterzoo_harness.readers import read

BACKBONE = ["N", "CA", "C", "O"]


def residue(chain: str, number: int, name: str, atoms: list[str], *, hetero: bool = False) -> list[struc.Atom]:
    elements = [atom[0] for atom in atoms] if name != "HOH" else ["O"]
    return [
        struc.Atom(
            [number * 3.8 + 0.1 * i, float(ord(chain)), 0.5 * i], chain_id=chain, res_id=number, res_name=name,
            atom_name=atom, element=element, hetero=hetero,
        )
        for i, (atom, element) in enumerate(zip(atoms, elements, strict=True))
    ]  # fmt: skip


@pytest.fixture
def complex_() -> struc.AtomArray:
    """Two chains; one with selenomethionine and a residue without O; water and a ligand beside them."""
    atoms = [
        *residue("A", 1, "GLY", BACKBONE),
        *residue("A", 2, "MSE", [*BACKBONE, "CB"], hetero=True),
        *residue("A", 3, "TRP", ["N", "CA", "C"]),
        *residue("B", 7, "ALA", [*BACKBONE, "CB"]),
        *residue("B", 9, "LYS", BACKBONE),
        *residue("A", 101, "HOH", ["O"], hetero=True),
        *residue("B", 102, "EDO", ["C1", "O1"], hetero=True),
    ]
    array = struc.array(atoms)
    array.bonds = None
    return array


def written(folder, suffix: str, array: struc.AtomArray):
    path = folder / f"1abc{suffix}"
    if suffix == ".pdb":
        file = PDBFile()
        file.set_structure(array)
    else:
        file = BinaryCIFFile() if suffix == ".bcif" else CIFFile()
        set_structure(file, array)
    file.write(path)
    return path


@pytest.mark.parametrize("suffix", [".pdb", ".cif", ".mmcif", ".bcif"])
def test_a_record_a_chain_with_sequence_and_backbone(tmp_path, complex_, suffix):
    records = read(written(tmp_path, suffix, complex_)).records
    assert list(records.ids) == ["1abc:A", "1abc:B"]
    assert list(records.text("sequence").strings) == ["GMW", "AK"]
    backbone = records[0].views["backbone"]
    assert backbone.shape == (3, 4, 3)
    assert np.isnan(backbone[2, 3]).all()
    assert np.isfinite(backbone[:2]).all()
    np.testing.assert_allclose(backbone[0, 1], [3.9, 65.0, 0.5], atol=1e-3)


def test_only_the_first_model_is_read(tmp_path, complex_):
    file = PDBFile()
    file.set_structure(struc.stack([complex_, complex_]))
    file.write(tmp_path / "nmr.pdb")
    assert list(read(tmp_path / "nmr.pdb").records.ids) == ["nmr:A", "nmr:B"]


def test_a_crystal_and_a_protein_of_one_suffix_are_told_apart_by_their_content(tmp_path, complex_):
    written(tmp_path, ".cif", complex_)
    ase.io.write(tmp_path / "copper.cif", bulk("Cu"))
    records = read(tmp_path).records
    assert [set(records[row].views) for row in range(3)] == [{"sequence", "backbone"}] * 2 + [{"atoms"}]


def test_a_broken_pdb_does_not_cost_the_others(tmp_path, complex_):
    written(tmp_path, ".pdb", complex_)
    (tmp_path / "broken.pdb").write_text("ATOM      1  N   GLY A   1      x.xxx\n")
    result = read(tmp_path)
    assert list(result.records.ids) == ["1abc:A", "1abc:B", "broken"]
    assert "biotite cannot read" in result.failures["broken"]


def test_a_chain_whose_numbers_start_anew_is_one_record(tmp_path):
    numbers = [1, 2, 3, 1, 2]
    array = struc.array([atom for n in numbers for atom in residue("A", n, "ALA", ["N", "CA", "C", "O"])])
    records = read(written(tmp_path, ".pdb", array)).records
    assert [name.rpartition(":")[2] for name in records.ids] == ["A"]
    assert records[0].views["sequence"] == "AAAAA"
    assert records[0].views["backbone"].shape == (5, 4, 3)


def test_a_pdb_without_a_protein_is_a_molecule(tmp_path):
    ase.io.write(tmp_path / "water.pdb", molecule("H2O"))
    records = read(tmp_path / "water.pdb").records
    assert list(records.ids) == ["water"]
    assert records[0].views["atoms"].numbers.tolist() == [8, 1, 1]


def test_a_fasta_record_is_called_by_the_first_word_of_its_header(tmp_path):
    (tmp_path / "f.fasta").write_text(">sp|P01308|INS_HUMAN Insulin OS=Homo sapiens\nMALWM\nRLLPL*\n>two\nacd\n")
    records = read(tmp_path / "f.fasta").records
    assert list(records.ids) == ["sp|P01308|INS_HUMAN", "two"]
    assert list(records.text("sequence").strings) == ["MALWMRLLPL", "ACD"]


def test_letters_that_are_no_amino_acids_are_a_failed_record(tmp_path):
    (tmp_path / "f.fasta").write_text(">good\nMKV\n>bad\nMK1V\n>gapped\nM-KV\n>empty\n\n")
    result = read(tmp_path / "f.fasta")
    assert list(result.failures) == ["bad", "gapped", "empty"]
    assert result.failures["bad"] == "'1' at position 3 is no amino acid"
