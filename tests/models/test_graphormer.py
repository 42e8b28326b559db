"""Graphormer reads what transformers' own preprocessing makes, and loads what its authors publish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from model_environments import measured_inside, setup_of

from matterzoo_harness.cards import read_card

CARD = read_card(Path(__file__).resolve().parents[2] / "zoo" / "models" / "graphormer-random" / "card.toml")
ARGUMENTS = ["input_nodes", "in_degree", "out_degree", "spatial_pos", "input_edges", "attn_edge_type", "attn_bias"]

pytestmark = [pytest.mark.model_env, pytest.mark.slow, pytest.mark.xdist_group("graphormer")]


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Any:
    """Return what was measured in the model's own environment, where a compiler makes the package's preprocessing."""
    folder = tmp_path_factory.mktemp("graphormer")
    return measured_inside(CARD.environment, "graphormer_inputs.py", setup_of(CARD), folder)


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_every_argument_of_the_model_is_the_packages_own_bit_by_bit(measured: Any, argument: str) -> None:
    assert measured["inputs"][argument]


def test_no_argument_is_left_out(measured: Any) -> None:
    assert sorted(measured["inputs"]) == sorted(ARGUMENTS)


def test_a_saved_checkpoint_is_loaded_as_it_was_saved(measured: Any) -> None:
    assert measured["kept"]
    assert measured["vectors"] < 1e-6


def test_a_weight_that_is_not_there_is_not_made_up(measured: Any) -> None:
    assert measured["a_weight_lost"].startswith("the checkpoint lacks 1 weights")
