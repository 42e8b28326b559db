"""Nequix's graphs are filled up to few sizes, which changes nothing; and a saved model is loaded whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from model_environments import measured_inside, setup_of

from matterzoo_harness.cards import read_card

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.model_env, pytest.mark.slow, pytest.mark.xdist_group("nequix-random")]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Any:
    """Return what was measured in Nequix's own environment."""
    card = read_card(ROOT / "zoo" / "models" / "nequix-random" / "card.toml")
    return measured_inside("nequix", "nequix_padding.py", setup_of(card), tmp_path_factory.mktemp("nequix"))


def test_what_is_filled_up_changes_no_vector(measured: Any) -> None:
    atoms, nodes, more_nodes, edges, more_edges = measured["sizes"]
    assert atoms < nodes < more_nodes
    assert edges < more_edges
    assert measured["padding"] < 1e-6


def test_few_shapes_are_compiled_for_many_structures(measured: Any) -> None:
    assert measured["shapes"] <= measured["structures"] / 2


def test_a_saved_model_is_loaded_whole_whatever_the_seed(measured: Any) -> None:
    saved, loaded = measured["fingerprints"]
    assert saved == loaded
    assert measured["loaded"] == 0.0
