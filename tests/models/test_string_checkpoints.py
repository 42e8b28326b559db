"""Language models load what their authors publish: the whole model, saved by transformers, beside its tokenizer."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from model_environments import measured_inside, runs_here, setup_of

from matterzoo_harness.cards import read_card

ROOT = Path(__file__).resolve().parents[2]
CARDS = {path.parent.name: read_card(path) for path in sorted((ROOT / "zoo" / "models").glob("*-random/card.toml"))}
HERE = {
    name: card
    for name, card in CARDS.items()
    if card.environment == "transformers" and card.view.value != "atoms" and runs_here(card)
}
SMILES = [name for name, card in HERE.items() if card.view.value == "smiles"]

pytestmark = [pytest.mark.model_env, pytest.mark.slow, pytest.mark.xdist_group("transformers")]


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Any:
    """Return the measurements of all architectures, made in one process of their environment."""

    @cache
    def measure() -> dict[str, Any]:
        setups, folder = [setup_of(card) for card in HERE.values()], tmp_path_factory.mktemp("transformers")
        return measured_inside("transformers", "saved_strings.py", setups, folder, seconds=900)

    return measure


@pytest.mark.parametrize("model", HERE)
class TestSavedFolder:
    def test_nothing_is_left_random(self, measured: Any, model: str) -> None:
        assert measured()[model]["kept"]

    def test_vectors_are_those_of_the_model_that_was_saved(self, measured: Any, model: str) -> None:
        assert measured()[model]["vectors"] < 1e-5

    def test_padding_changes_nothing(self, measured: Any, model: str) -> None:
        assert measured()[model]["batch"] < 1e-5

    def test_a_weight_that_is_not_there_is_not_made_up(self, measured: Any, model: str) -> None:
        assert measured()[model]["a_weight_lost"].startswith("the checkpoint lacks 1 weights")

    def test_a_string_that_is_too_long_costs_itself_only_unless_it_is_to_be_cut(
        self, measured: Any, model: str
    ) -> None:
        refused = measured()[model]["too_long"]
        assert refused is None or (list(refused) == ["1"] and "this model takes" in refused["1"])
        assert measured()[model]["cut"] == {}


@pytest.mark.parametrize("model", SMILES)
class TestTokenizerOfSmiles:
    def test_one_that_sees_nothing_is_refused(self, measured: Any, model: str) -> None:
        assert "nothing but unknown or padding in 'CBr'" in measured()[model]["blind"]

    def test_one_that_reads_chlorine_as_carbon_is_refused_unless_the_card_says_that_it_is_so_published(
        self, measured: Any, model: str
    ) -> None:
        assert "reads Cl as C" in measured()[model]["no_chlorine"]
        assert measured()[model]["as_published"] == ""


@pytest.fixture(scope="session")
def residues(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Any:
    """Return what was measured of proteins, in the environment of all of them."""
    return measured_inside("transformers", "residues.py", None, tmp_path_factory.mktemp("residues"))


class TestResidues:
    @pytest.mark.parametrize("adapter", ["t5:ProtT5Adapter", "t5:ProstT5Adapter", "t5:AnkhAdapter"])
    def test_vectors_are_those_of_the_authors_own_way_of_writing(self, residues: Any, adapter: str) -> None:
        assert residues["compared"][adapter] < 1e-5

    def test_a_blank_in_a_sequence_moves_no_residue(self, residues: Any) -> None:
        assert residues["blank"] == [0, 1, 3, 4]

    def test_a_residue_that_is_not_in_the_vocabulary_is_named_and_the_rare_ones_are_taken(self, residues: Any) -> None:
        assert residues["unknown"] == {"0": "the tokenizer does not know what stands at character 3"}
