"""Models that take different views of the same records: embedded side by side, gathered by id, compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import biotite.structure as struc
import numpy as np
import pytest
from biotite.structure.info import one_letter_code
from biotite.structure.io.pdb import PDBFile

import matterzoo as mz
from matterzoo.catalogue import find
from matterzoo_harness.samples import load_sample

pytestmark = [pytest.mark.model_env, pytest.mark.slow, pytest.mark.xdist_group("mixed")]

PROTEINS = ("amino-acid-composition", "esm-random", "carp-random", "proteinmpnn-random", "esm-if1-random")
MOLECULES = ("mace-random", "roberta-random", "selfies-ted-random", "chemprop-random", "llama-random")
"""Of each view one: atoms, SMILES, SELFIES, a graph of bonds, text."""
METRICS = ("--metrics", "cknna,cka_linear,dcor", "--k", "5", "--permutations", "0", "--drop-bad")


def compared(matterzoo: Any, sample: str, models: tuple[str, ...], folder: Path) -> tuple[dict[str, Any], Any]:
    """Embed a sample by several models, gather, compare; return what `gather` and `metrics` say."""
    embedded = matterzoo("embed", sample, "-m", ",".join(models), "-o", folder, "--runtime", "venv", timeout=1500)
    assert embedded.code in (0, 3), embedded.stderr
    gathered = matterzoo("gather", folder, "--json")
    assert gathered.code == 0, gathered.stderr
    measured = matterzoo("metrics", folder, *METRICS, "--json", timeout=900)
    assert measured.code == 0, measured.stderr
    return json.loads(gathered.stdout), json.loads(measured.stdout)


def test_sequences_and_structures_of_the_same_proteins_are_compared(matterzoo: Any, tmp_path: Path) -> None:
    records = load_sample("proteins")
    backbones = int(records.views["backbone"].present.sum())
    _, measured = compared(matterzoo, "sample:proteins", PROTEINS, tmp_path)
    for model in PROTEINS:
        answer = mz.load(tmp_path / f"{model}.safetensors")
        assert list(answer.ids) == list(records.ids)
        sees_structures = find(model).card.view.value == "backbone"
        assert answer.ok.sum() == (backbones if sees_structures else len(records))
        assert set(answer.reason.take(np.flatnonzero(~answer.ok))) <= {"the record has no backbone"}
    assert {row["model"] for row in measured["models"]} == set(PROTEINS)


def test_five_views_of_the_same_molecules_are_compared(matterzoo: Any, tmp_path: Path) -> None:
    assert len({find(model).card.view.value for model in MOLECULES}) == 4, "a graph is drawn of the SMILES"
    records = load_sample("molecules")
    _, measured = compared(matterzoo, "sample:molecules", MOLECULES, tmp_path)
    for model in MOLECULES:
        answer = mz.load(tmp_path / f"{model}.safetensors")
        assert list(answer.ids) == list(records.ids)
        assert answer.ok.sum() > 100
    assert {row["model"] for row in measured["models"]} == set(MOLECULES)


def as_pdb(path: Path, name: str) -> tuple[str, np.ndarray]:
    """Write a protein of the sample as a user would have it, and return its sequence and backbone."""
    records = load_sample("proteins")
    views = records[list(records.ids).index(name)].views
    letters = {one_letter_code(code): code for code in ("ALA ARG ASN ASP CYS GLN GLU GLY HIS ILE LEU LYS MET PHE PRO SER"
                                                         " THR TRP TYR VAL").split()}  # fmt: skip
    atoms = [
        struc.Atom(place, chain_id="A", res_id=row + 1, res_name=letters[letter], atom_name=atom, element=atom[0])
        for row, (letter, residue) in enumerate(zip(views["sequence"], views["backbone"], strict=True))
        for atom, place in zip(("N", "CA", "C", "O"), residue, strict=True)
    ]
    file = PDBFile()
    file.set_structure(struc.array(atoms))
    file.write(path)
    return views["sequence"], views["backbone"]


def test_a_users_pdb_serves_models_of_sequences_and_of_structures(matterzoo: Any, tmp_path: Path) -> None:
    sequence, _ = as_pdb(tmp_path / "my.pdb", "ubiquitin-human")
    for model in ("carp-random", "proteinmpnn-random"):
        code, stdout, stderr = matterzoo(
            "run", model, tmp_path / "my.pdb", "-o", tmp_path / "out", "--nodes", "--runtime", "venv", "--json",
            timeout=900,
        )  # fmt: skip
        assert code == 0, stderr
        (told,) = json.loads(stdout)
        assert (told["records"], told["ok"]) == (1, 1)
        answer = mz.load(tmp_path / "out" / f"{model}.safetensors")
        assert list(answer.ids) == ["my:A"]
        assert len(answer.layers["last"].nodes) == len(sequence)
