"""What an adapter is given, and what it inherits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding, Setup, TextAdapter, TextBatch
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.views import Structure

WATER = Structure(np.array([8, 1, 1], np.uint8), np.eye(3), charge=1.0, spin=2.0)
SALT = Structure(np.array([11, 17], np.uint8), np.eye(3)[:2], cell=4 * np.eye(3), pbc=np.array([True, True, False]))


def batch() -> AtomsBatch:
    return AtomsBatch(Records.of([Sample("water", {"atoms": WATER}), Sample("salt", {"atoms": SALT})]), "atoms")


class Silent(AtomsAdapter):
    """The least that an adapter can be."""

    def load(self) -> None:
        """Load nothing."""

    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the positions."""
        return Embedding({"positions": batch.positions})


def setup(source: str = "package", weights: str | None = None) -> Setup:
    return Setup("silent", {"checkpoint": {"source": source}}, "silent:Silent", ["positions"], weights=weights)


def test_a_batch_of_atoms_is_flat_arrays_and_offsets() -> None:
    atoms = batch()
    assert (len(atoms), atoms.ids) == (2, ["water", "salt"])
    assert atoms.sizes.tolist() == [3, 2]
    assert atoms.offsets.tolist() == [0, 3, 5]
    assert atoms.numbers.tolist() == [8, 1, 1, 11, 17]
    assert atoms.cell[1].tolist() == SALT.cell.tolist()
    assert atoms.pbc.tolist() == [[False, False, False], [True, True, False]]


def test_ase_atoms_say_charge_and_spin_only_where_they_are_stated() -> None:
    water, salt = batch().ase_atoms
    assert water.info == {"charge": 1, "spin": 2}
    assert salt.info == {}
    assert salt.pbc.tolist() == [True, True, False]
    np.testing.assert_array_equal(salt.cell.array, SALT.cell)


def test_ase_atoms_are_copies_that_a_package_may_spoil() -> None:
    atoms = batch()
    spoiled = atoms.ase_atoms[1]
    spoiled.positions[:] = 0.0
    spoiled.cell[:] = 0.0
    np.testing.assert_array_equal(atoms.structures[1].positions, SALT.positions)
    np.testing.assert_array_equal(atoms.cell[1], SALT.cell)


def test_a_batch_of_text_is_its_strings() -> None:
    records = Records.of([Sample("a", {"smiles": "CCO"}), Sample("b", {"smiles": "c1ccccc1"})])
    text = TextBatch(records, "smiles")
    assert text.strings == ["CCO", "c1ccccc1"]
    assert text.sizes.tolist() == [3, 8]


def test_an_adapter_refuses_nothing_and_has_no_weights_unless_it_says_so() -> None:
    adapter = Silent(setup(), "cpu")
    adapter.load()
    assert adapter.refuse(batch()) == {}
    assert adapter.weights() == {}
    assert (Silent.padded, TextAdapter.padded) == (False, True)


def test_the_weights_of_a_torch_module_are_all_its_arrays() -> None:
    torch = pytest.importorskip("torch", exc_type=ImportError)
    adapter = Silent(setup(), "cpu")
    adapter.model = torch.nn.BatchNorm1d(3)  # type: ignore[attr-defined]
    weights = adapter.weights()
    assert set(weights) == {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}
    assert all(isinstance(array, np.ndarray) for array in weights.values())


def test_only_a_card_without_a_checkpoint_means_random_weights() -> None:
    assert setup("none").random_weights
    assert not setup("package").random_weights


def test_a_checkpoint_that_was_not_mounted_is_named(tmp_path: Path) -> None:
    assert setup("url", str(tmp_path)).checkpoint == tmp_path
    with pytest.raises(FileNotFoundError, match="silent needs its checkpoint"):
        _ = setup("url").checkpoint
