"""Structures: CIF, POSCAR, XYZ, extended XYZ, ASE db and what else ASE reads."""

from __future__ import annotations

import math

import ase.io
import numpy as np
import pytest
from ase.build import bulk, molecule
from ase.calculators.singlepoint import SinglePointCalculator
from ase.db import connect

from matterzoo_harness.readers import read

NACL = """data_{name}
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
_symmetry_Int_Tables_number 225
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Na1 Na 0 0 0 {occupancy}
Cl1 Cl 0.5 0.5 0.5 1.0
"""


def test_a_cif_is_expanded_by_its_symmetry(tmp_path):
    (tmp_path / "salt.cif").write_text(NACL.format(name="NaCl", occupancy="1.000(2)"))
    records = read(tmp_path / "salt.cif").records
    structure = records[0].views["atoms"]
    assert list(records.ids) == ["salt"]
    assert sorted(structure.numbers.tolist()) == [11] * 4 + [17] * 4
    assert structure.pbc.all()
    np.testing.assert_allclose(structure.cell, np.eye(3) * 5.64, atol=1e-9)


def test_a_partly_occupied_site_is_refused_with_its_label(tmp_path):
    (tmp_path / "two.cif").write_text(
        NACL.format(name="full", occupancy="1") + NACL.format(name="part", occupancy="0.8")
    )
    result = read(tmp_path / "two.cif")
    assert list(result.records.ids) == ["two:full", "two:part"]
    assert list(result.failures) == ["two:part"]
    assert "Na1 is occupied to 0.8" in result.failures["two:part"]


def test_alternative_disorder_groups_are_refused(tmp_path):
    text = NACL.format(name="a", occupancy="1")
    disordered = text.replace("data_a", "data_b").replace("_atom_site_occupancy", "_atom_site_disorder_group")
    (tmp_path / "d.cif").write_text(text + disordered.replace("0 0 0 1", "0 0 0 2"))
    assert "alternative disorder groups" in read(tmp_path / "d.cif").failures["d:b"]


BISMUTH_TELLURIDE = """data_b
_chemical_formula_sum '{formula}'
_cell_length_a 4.38
_cell_length_b 4.38
_cell_length_c 30.49
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
_space_group_crystal_system trigonal
_symmetry_space_group_name_H-M 'R -3 m'
_symmetry_Int_Tables_number 166
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Bi1 Bi 0 0 0.4
Te1 Te 0 0 0
Te2 Te 0 0 0.2097
"""


def test_a_trigonal_crystal_with_hexagonal_axes_is_expanded_in_them(tmp_path):
    (tmp_path / "b.cif").write_text(BISMUTH_TELLURIDE.format(formula="Bi2 Te3"))
    numbers = read(tmp_path / "b.cif").records[0].views["atoms"].numbers.tolist()
    assert (numbers.count(83), numbers.count(52)) == (6, 9)


def test_sites_that_do_not_make_the_stated_formula_are_refused(tmp_path):
    (tmp_path / "b.cif").write_text(BISMUTH_TELLURIDE.format(formula="Bi2 Te3 H2"))
    ase.io.write(tmp_path / "good.cif", bulk("Cu"))
    assert read(tmp_path).failures == {"b": "the file states the formula Bi2Te3H2, its sites make Bi6Te9"}


def test_a_data_block_that_cannot_be_parsed_keeps_those_before_it(tmp_path):
    (tmp_path / "t.cif").write_text(NACL.format(name="fine", occupancy="1") + "data_b\nloop_\n_a\n_b\n1 2 3\nx\n")
    result = read(tmp_path / "t.cif")
    assert list(result.records.ids) == ["t:fine", "t-1"]
    assert "from its data block 1 on" in result.failures["t-1"]


def test_a_cif_without_atoms_is_a_failed_record(tmp_path):
    ase.io.write(tmp_path / "good.cif", bulk("Cu"))
    (tmp_path / "none.cif").write_text("data_global\n_audit_author_name 'A'\n")
    assert read(tmp_path).failures == {"none": "no data block holds atoms"}


def test_a_poscar_reads_in_either_coordinates(tmp_path):
    for direct in (True, False):
        ase.io.write(tmp_path / f"POSCAR_{direct}", bulk("NaCl", "rocksalt", 5.64), format="vasp", direct=direct)
    result = read(tmp_path)
    assert list(result.records.ids) == ["POSCAR_False", "POSCAR_True"]
    a, b = (result.records[row].views["atoms"] for row in (0, 1))
    np.testing.assert_array_equal(a.numbers, b.numbers)
    np.testing.assert_allclose(a.positions, b.positions, atol=1e-9)


def test_poscars_of_several_runs_are_told_apart_by_their_folders(tmp_path):
    for run in ("x", "y"):
        (tmp_path / run).mkdir()
        ase.io.write(tmp_path / run / "CONTCAR", bulk("Cu"), format="vasp")
    assert list(read(tmp_path).records.ids) == ["x/CONTCAR", "y/CONTCAR"]


def test_a_poscar_without_species_is_refused_even_beside_a_potcar(tmp_path):
    (tmp_path / "good.vasp").write_text("Cu\n1\n3.6 0 0\n0 3.6 0\n0 0 3.6\n1\nDirect\n0 0 0\n")  # VASP 4
    (tmp_path / "POTCAR").write_text("  PAW_PBE Cu 05Jan2001\n   TITEL  = PAW_PBE Cu 05Jan2001\n")
    (tmp_path / "POSCAR").write_text("some title\n1\n3.6 0 0\n0 3.6 0\n0 0 3.6\n1\nDirect\n0 0 0\n")
    result = read(tmp_path)
    assert list(result.failures) == ["POSCAR"]
    assert result.records[1].views["atoms"].numbers.tolist() == [29]


def test_plain_xyz_has_neither_cell_nor_charge(tmp_path):
    (tmp_path / "w.xyz").write_text("3\nwater, from my desk\nO 0 0 0\nH 0 0 1\nH 0 1 0\n")
    structure = read(tmp_path / "w.xyz").records[0].views["atoms"]
    assert structure.numbers.tolist() == [8, 1, 1]
    assert not structure.pbc.any()
    assert not structure.cell.any()
    assert math.isnan(structure.charge)
    assert math.isnan(structure.spin)


def test_extended_xyz_keeps_cell_energy_and_numbers(tmp_path):
    atoms = bulk("Cu")
    atoms.calc = SinglePointCalculator(atoms, energy=-3.7, forces=np.zeros((1, 3)))
    atoms.info.update(id="cu-1", bandgap=0.5, converged=True, functional="PBE")
    ase.io.write(tmp_path / "c.extxyz", atoms)
    sample = read(tmp_path / "c.extxyz").records[0]
    assert sample.id == "cu-1"
    assert sample.labels == {"energy": -3.7, "bandgap": 0.5}
    np.testing.assert_allclose(sample.views["atoms"].cell, atoms.cell.array, atol=1e-7)


@pytest.mark.parametrize(
    ("comment", "charge", "spin"),
    [
        ("charge=1 spin=2", 1, 2),
        ("total_charge=-1 multiplicity=1", -1, 1),
        ("net_charge=2 spin_multiplicity=3", 2, 3),
        ("charge=0 uhf=1", 0, 2),
        ("charge=0.0 spin=0", 0, math.nan),
        ("unpaired_electrons=0", math.nan, 1),
        ("energy=1.0", math.nan, math.nan),
    ],
)
def test_charge_and_spin_stand_under_the_keys_in_use(tmp_path, comment, charge, spin):
    (tmp_path / "m.xyz").write_text(f"1\n{comment}\nO 0 0 0\n")
    structure = read(tmp_path / "m.xyz").records[0].views["atoms"]
    np.testing.assert_array_equal([structure.charge, structure.spin], [charge, spin])


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("charge=1 total_charge=2", "contradicting values of the charge"),
        ("spin=2 uhf=3", "contradicting values of the spin multiplicity"),
        ("spin=0.5", "positive integer"),
        ("multiplicity=-1", "positive integer"),
    ],
)
def test_charges_and_spins_that_cannot_be_are_one_failed_record(tmp_path, comment, reason):
    (tmp_path / "m.xyz").write_text(f"1\n{comment}\nO 0 0 0\n1\n\nO 0 0 0\n")
    result = read(tmp_path / "m.xyz")
    assert list(result.failures) == ["m-0"]
    assert reason in result.failures["m-0"]


@pytest.mark.parametrize("key", ["energy", "REF_energy", "dft_energy", "total_energy"])
def test_the_energy_stands_under_the_keys_in_use(tmp_path, key):
    (tmp_path / "m.xyz").write_text(f"1\n{key}=-1.5\nO 0 0 0\n")
    assert read(tmp_path / "m.xyz").records[0].labels == {"energy": -1.5}


def test_a_broken_frame_costs_only_itself(tmp_path):
    (tmp_path / "m.xyz").write_text("1\n\nO 0 0 0\n1\n\nO 0 zero 0\n1\n\nXq 0 0 0\n2\n\nO 0 0 0\nH 0 0 1\n")
    result = read(tmp_path / "m.xyz")
    assert len(result.records) == 4
    assert list(result.failures) == ["m-1", "m-2"]
    assert "zero" in result.failures["m-1"]
    assert "Xq" in result.failures["m-2"]


def test_a_frame_that_is_cut_off_is_a_failed_record(tmp_path):
    (tmp_path / "m.xyz").write_text("1\n\nO 0 0 0\n5\n\nO 0 0 0\n")
    assert list(read(tmp_path / "m.xyz").failures) == ["m-1"]


def test_a_file_that_only_calls_itself_xyz_is_refused_by_name(tmp_path):
    from matterzoo_schemas.exit_codes import MatterzooError

    (tmp_path / "m.xyz").write_text("<html>404</html>\n")
    with pytest.raises(MatterzooError, match=r"m\.xyz.*line 1 is not a number of atoms"):
        read(tmp_path / "m.xyz")


@pytest.mark.parametrize("suffix", ["db", "json"])
def test_an_ase_database_gives_names_energies_and_numbers(tmp_path, suffix):
    atoms = molecule("CH3")
    atoms.calc = SinglePointCalculator(atoms, energy=-18.0)
    path = tmp_path / f"x.{suffix}"
    with connect(path) as database:
        database.write(atoms, name="methyl", gap=2.5, data={"charge": 0, "multiplicity": 2})
        database.write(molecule("H2O"))
        unique = database.get(2).unique_id
    records = read(path).records
    assert list(records.ids) == ["methyl", unique]
    assert records[0].labels == {"energy": -18.0, "gap": 2.5}
    assert (records[0].views["atoms"].charge, records[0].views["atoms"].spin) == (0, 2)


@pytest.mark.parametrize("name", ["m.traj", "m.xsf", "geometry.in", "m.gen"])
def test_what_ase_reads_is_read(tmp_path, name):
    ase.io.write(tmp_path / name, bulk("Cu"))
    structure = read(tmp_path / name).records[0].views["atoms"]
    assert structure.numbers.tolist() == [29]
    np.testing.assert_allclose(np.abs(np.linalg.det(structure.cell)), bulk("Cu").cell.volume, rtol=1e-6)


def test_a_database_that_is_none_is_refused_by_name(tmp_path):
    from matterzoo_schemas.exit_codes import MatterzooError

    (tmp_path / "x.db").write_bytes(b"no database at all, this")
    with pytest.raises(MatterzooError, match=r"x\.db cannot be read as ASE db: file is not a database"):
        read(tmp_path / "x.db")
