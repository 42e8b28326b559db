"""Where no trained checkpoint can be had: random weights in the released format, loaded as trained ones are.

Each card's options must then lead to the very model that the package's own loader builds for that file.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from model_environments import measured_inside, runs_here, setup_of

from matterzoo_harness.cards import read_card

ROOT = Path(__file__).resolve().parents[2]
REFERENCES = Path(__file__).parent / "inside" / "references"
FAMILIES = {file.stem.replace("_", "-") for file in REFERENCES.glob("*.py") if "reloaded" in file.read_text()}
"""Whose file in `inside/references` can save and reload."""
CARDS = {path.parent.name: read_card(path) for path in sorted((ROOT / "zoo" / "models").glob("*/card.toml"))}
TRAINED = {
    name: card
    for name, card in CARDS.items()
    if card.family in FAMILIES
    and (card.view.value, card.checkpoint.source == "none") == ("atoms", False)
    and runs_here(card)
}

pytestmark = [pytest.mark.model_env, pytest.mark.slow]


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Any:
    """Return the measurements of a family's models, made in one process of their environment."""

    @cache
    def measure(family: str) -> dict[str, Any]:
        cards = [card for card in TRAINED.values() if card.family == family]
        setups, folder = [setup_of(card) for card in cards], tmp_path_factory.mktemp(family)
        return measured_inside(cards[0].environment, "saved.py", setups, folder, seconds=900)

    return measure


@pytest.mark.parametrize(
    "model", [pytest.param(name, marks=pytest.mark.xdist_group(card.family)) for name, card in TRAINED.items()]
)
class TestSavedCheckpoint:
    def test_every_weight_comes_back(self, measured: Any, model: str) -> None:
        assert measured(TRAINED[model].family)[model]["kept"]

    def test_vectors_and_energies_are_those_of_the_packages_own_loader(self, measured: Any, model: str) -> None:
        answer = measured(TRAINED[model].family)[model]
        assert answer["vectors"] < 1e-5
        assert answer["energy"] < 1e-5
