"""Published formats of protein models: random weights, saved so, are loaded as trained ones and are the package's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from model_environments import measured_inside, setup_of

from matterzoo_harness.cards import read_card

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("proteinmpnn", "ligandmpnn", "esm-if1", "carp-600k", "antiberty")
MPNN = {"proteinmpnn", "ligandmpnn"}

pytestmark = [pytest.mark.model_env, pytest.mark.slow, pytest.mark.xdist_group("protein")]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Any:
    cards = [read_card(ROOT / "zoo" / "models" / model / "card.toml") for model in MODELS]
    folder = tmp_path_factory.mktemp("protein")
    return measured_inside("protein", "saved_proteins.py", [setup_of(card) for card in cards], folder, seconds=900)


@pytest.mark.parametrize("model", MODELS)
def test_every_weight_comes_back_whatever_the_seed(measured: Any, model: str) -> None:
    assert measured[model]["kept"]


@pytest.mark.parametrize("model", MODELS)
def test_vectors_are_those_of_the_packages_own_loader(measured: Any, model: str) -> None:
    assert measured[model]["vectors"] < 1e-5


@pytest.mark.parametrize("model", sorted(MPNN))
def test_a_published_model_is_as_wide_as_its_card_says(measured: Any, model: str) -> None:
    card = read_card(ROOT / "zoo" / "models" / model / "card.toml")
    assert measured[model]["dim"] == card.embedding.layers[0].dim


@pytest.mark.parametrize("model", MODELS)
def test_a_checkpoint_that_lacks_a_weight_is_not_loaded(measured: Any, model: str) -> None:
    assert measured[model]["a_weight_lost"]
