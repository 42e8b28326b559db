"""Models of molecules load what their packages save: every array, no seed left, the package's own vectors and energies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from model_environments import measured_once, runs_here

from matterzoo_harness.cards import read_card

ROOT = Path(__file__).resolve().parents[2]
IDS = ("ani-1x", "ani-2x", "aimnet2", "aimnet2-nse", "unimol-all-h", "unimol-no-h", "unimol2-84m")
CARDS = {name: read_card(ROOT / "zoo" / "models" / name / "card.toml") for name in IDS}
HERE = {name: card for name, card in CARDS.items() if runs_here(card)}

pytestmark = [pytest.mark.model_env, pytest.mark.slow]
each = pytest.mark.parametrize("model", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in HERE])


@pytest.fixture(scope="session")
def asked(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Any:
    """Return what was measured of a model with a checkpoint of random weights, once, in its own environment."""
    return measured_once(HERE, "molecular.py", tmp_path_factory)


@each
def test_all_that_was_saved_is_loaded_and_of_an_ensemble_the_first_member(asked: Any, model: str) -> None:
    found = asked(model)["found"]
    assert found
    assert all(found.values()), [name for name, same in found.items() if not same]


@each
def test_no_array_is_left_to_the_seed(asked: Any, model: str) -> None:
    once, another_seed = asked(model)["fingerprints"]
    assert once == another_seed is not None


@each
def test_vectors_and_energies_are_the_packages_own(asked: Any, model: str) -> None:
    assert asked(model)["package"]["vectors"] < 1e-5
    assert asked(model)["package"]["energy"] < 1e-5


@each
def test_a_molecule_has_the_same_vector_alone_and_in_company(asked: Any, model: str) -> None:
    assert asked(model)["batch"] <= HERE[model].tolerances.batch


@each
def test_charge_is_read_by_aimnet_and_spin_by_its_open_shell_model(asked: Any, model: str) -> None:
    assert (asked(model)["charge"] > 1e-3) == model.startswith("aimnet")
    assert (asked(model)["spin"] > 1e-3) == (model == "aimnet2-nse")
