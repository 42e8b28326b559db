"""Models of grids load what their authors publish: random weights in that format come back, each one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from model_environments import measured_once, runs_here, setup_of

from matterzoo_harness.cards import read_card

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("aurora-small",)
"""One trained checkpoint of each family: its siblings differ in size alone."""
CARDS = {name: read_card(ROOT / "zoo" / "models" / name / "card.toml") for name in MODELS}
HERE = {name: card for name, card in CARDS.items() if runs_here(card)}

pytestmark = [pytest.mark.model_env, pytest.mark.slow]


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Any:
    """Return the measurements of a model, made once in its own environment."""
    return measured_once(HERE, "grids.py", tmp_path_factory, given=lambda card: [setup_of(card)], seconds=900)


@pytest.mark.parametrize("model", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in HERE])
class TestSavedCheckpoint:
    def test_every_weight_comes_back(self, measured: Any, model: str) -> None:
        assert measured(model)[model]["kept"]

    def test_vectors_are_those_of_the_packages_own_loader(self, measured: Any, model: str) -> None:
        assert measured(model)[model]["finite"]
        assert measured(model)[model]["vectors"] < 1e-5
