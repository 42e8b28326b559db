"""Samples: the same records on every machine, and nothing in them that cannot be."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from ase import Atoms
from ase.data import covalent_radii
from ase.neighborlist import neighbor_list

from matterzoo_harness.readers import read
from matterzoo_harness.samples import SAMPLES, load_sample

IDENTITIES = {
    "grids": "1261bfa3592b12a770bb5b43a5188cf286f5c2c82c9a3dfd91b3be7b4225e0c4",
    "grids-fine": "ae4abb5881ad6720bcb63ff255e6b210d7bbd5af9735a76e8fb9e4acf368ec50",
    "crystals": "51e6b463163582f1b48e4445625279508c0a4dc5dc2db1ffddf26cc3e9d5cd7b",
    "molecules": "691ee732ce24ffb1a5c73210ce546a6a7d07db2d41eaf59904ec785a3a84c1bb",
    "proteins": "7fb230c1544270119fe8e4f9db27cf4b67133c34a8505fba1ef897da0f24df24",
}
"""Pinned: whoever changes a sample changes everything measured on it. (Molecules hold SMILES of the locked RDKit.)"""


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_always_the_same(name):
    assert load_sample(name).identity == IDENTITIES[name]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_read_like_a_file(name):
    result = read(f"sample:{name}")
    assert result.failures == {}
    assert result.records.identity == load_sample(name).identity


def test_crystals_are_at_least_150_with_elements_and_five_kinds_of_compounds():
    names = list(load_sample("crystals").ids)
    assert len(names) >= 150
    kinds = {name.split("-")[1] for name in names}
    assert kinds >= {"fcc", "bcc", "hcp", "diamond", "rocksalt", "zincblende", "wurtzite", "fluorite", "cesiumchloride"}


def test_neighbours_in_a_crystal_are_about_their_covalent_radii_apart():
    records = load_sample("crystals")
    noble = {2, 10, 18, 36, 54}
    for row in range(len(records)):
        structure = records[row].views["atoms"]
        atoms = Atoms(structure.numbers, structure.positions, cell=structure.cell, pbc=structure.pbc)
        first, second, distances = neighbor_list("ijd", atoms, 8.0)
        nearest = distances.argmin()
        expected = covalent_radii[atoms.numbers[first[nearest]]] + covalent_radii[atoms.numbers[second[nearest]]]
        upper = 3.0 if noble & set(atoms.numbers) else 1.4
        assert 0.8 < distances[nearest] / expected < upper, records.ids[row]


def test_each_formula_is_that_of_its_name():
    records = load_sample("crystals")
    for row in range(len(records)):
        formula = records.ids[row].split("-")[0]
        numbers = records[row].views["atoms"].numbers
        wanted = Atoms(formula).get_chemical_formula(mode="reduce")
        assert set(Atoms(numbers).symbols) == set(Atoms(formula).symbols)
        ratio = len(numbers) / len(Atoms(formula))
        assert ratio == round(ratio), wanted


def test_molecules_have_charge_spin_and_mostly_smiles():
    records = load_sample("molecules")
    assert len(records) == 162
    np.testing.assert_array_equal(records.atoms.charge, 0)
    assert records[list(records.ids).index("O2")].views["atoms"].spin == 3
    assert records.views["smiles"].present.sum() > 120
    assert records[list(records.ids).index("C6H6")].views["smiles"] == "c1ccccc1"


def test_proteins_are_at_least_20_with_a_source_each():
    from importlib.resources import files

    records = load_sample("proteins")
    assert len(records) >= 20
    headers = [
        line for line in files("matterzoo_harness.samples").joinpath("proteins.fasta").read_text().splitlines()
        if line.startswith(">")
    ]  # fmt: skip
    assert all(len(header.split()) > 1 for header in headers)
    assert records[list(records.ids).index("insulin-a-human")].views["sequence"] == "GIVEQCCTSICSLYQLENYCN"


def test_a_protein_with_a_backbone_has_a_residue_a_letter_and_the_bonds_of_a_peptide():
    from importlib.resources import files

    records = load_sample("proteins")
    text = files("matterzoo_harness.samples").joinpath("proteins.backbones.txt").read_text("utf-8")
    there = np.flatnonzero(records.views["backbone"].present)
    assert len(there) == text.count(">") == 13
    for row in there.tolist():
        sequence, backbone = (records[row].views[view] for view in ("sequence", "backbone"))
        block = text.split(f">{records.ids[row]} ")[1].split(">")[0].splitlines()[1:]
        assert "".join(line[0] for line in block) == sequence
        assert len(backbone) == len(sequence)
        for bond, length in (((0, 1), 1.46), ((1, 2), 1.52), ((2, 3), 1.23)):
            np.testing.assert_allclose(
                np.linalg.norm(backbone[:, bond[0]] - backbone[:, bond[1]], axis=1), length, atol=0.08
            )
        np.testing.assert_allclose(np.linalg.norm(backbone[1:, 0] - backbone[:-1, 2], axis=1), 1.33, atol=0.1)


THREADS = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from matterzoo_harness.samples import load_sample
barrier = Barrier(4)
def ask(_):
    barrier.wait()
    return load_sample("molecules").identity
with ThreadPoolExecutor(4) as pool:
    assert len(set(pool.map(ask, range(4)))) == 1
"""


def test_several_threads_may_ask_for_the_molecules_at_the_same_time():
    """In a process of their own: only the first look at ASE's collection was ever a race."""
    ended = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
