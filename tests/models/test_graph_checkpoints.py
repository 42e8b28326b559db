"""Graph networks load what their authors publish: random weights, saved as a checkpoint is, are found again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from model_environments import measured_once, runs_here

from matterzoo_harness.cards import read_card

ROOT = Path(__file__).resolve().parents[2]
CARDS = {name: read_card(ROOT / "zoo" / "models" / name / "card.toml") for name in ("chemeleon",)}
HERE = {name: card for name, card in CARDS.items() if runs_here(card)}

pytestmark = [pytest.mark.model_env, pytest.mark.slow]


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Any:
    """Return what was measured of a model, once, in its own environment."""
    return measured_once(HERE, "graphs.py", tmp_path_factory)


@pytest.mark.parametrize("model", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in HERE])
class TestSavedNetwork:
    def test_every_weight_comes_back_and_none_is_left_to_the_seed(self, measured: Any, model: str) -> None:
        assert measured(model)["kept"]
        assert measured(model)["seedless"]

    def test_vectors_are_those_of_the_authors_own_way_of_loading(self, measured: Any, model: str) -> None:
        assert measured(model)["vectors"] < 1e-5
