"""GRACE loads what its package saves, of one layer and of two, and runs every batch in one graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from model_environments import measured_inside, setup_of

from matterzoo_harness.cards import read_card

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.model_env, pytest.mark.slow, pytest.mark.xdist_group("grace-random")]
each = pytest.mark.parametrize("layers", ["one", "two"])


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Any:
    """Return what was measured of saved and loaded models, in GRACE's own environment."""
    card = read_card(ROOT / "zoo" / "models" / "grace-random" / "card.toml")
    return measured_inside("grace", "grace_checkpoints.py", setup_of(card), tmp_path_factory.mktemp("grace"))


@each
def test_every_array_is_the_one_that_was_saved(measured: Any, layers: str) -> None:
    assert measured[layers]["arrays"] > 10
    assert measured[layers]["same"]


@each
def test_vectors_and_energies_are_those_of_the_saved_model(measured: Any, layers: str) -> None:
    assert measured[layers]["vectors"] == 0.0
    assert measured[layers]["energies"] == 0.0


@each
def test_batches_of_every_shape_run_in_the_one_graph_that_was_traced(measured: Any, layers: str) -> None:
    assert measured[layers]["graphs"] == 1


@each
def test_weights_of_another_precision_than_the_instructions_name_are_refused(measured: Any, layers: str) -> None:
    assert measured[layers]["wrong_precision_refused"]
