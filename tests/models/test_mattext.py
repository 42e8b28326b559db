"""MatText reads its package's words, the longest first, and loads what its authors publish beside that vocabulary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from model_environments import measured_inside, setup_of

from matterzoo_harness.cards import read_card

CARD = read_card(Path(__file__).resolve().parents[2] / "zoo" / "models" / "mattext-random" / "card.toml")

pytestmark = [pytest.mark.model_env, pytest.mark.slow, pytest.mark.xdist_group("mattext")]


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Any:
    """Return what was measured in the model's own environment."""
    return measured_inside(CARD.environment, "mattext_words.py", setup_of(CARD), tmp_path_factory.mktemp("mattext"))


def test_three_signs_are_one_word_and_blanks_are_none(measured: Any) -> None:
    words = [4, 4, 6, 6, 7, 8, 1]
    assert measured["ids"] == [11, *words, 12]


def test_its_authors_special_tokens_follow_the_vocabulary_in_their_order(measured: Any) -> None:
    assert measured["added"] == list(range(9, 16))


def test_a_saved_model_says_what_it_said(measured: Any) -> None:
    assert measured["vectors"] < 1e-5
    assert measured["batch"] < 1e-5


def test_a_text_of_other_words_is_refused(measured: Any) -> None:
    assert sorted(measured["refused"]) == ["1", "2"]
    assert "has no word for 'Xx'" in measured["refused"]["1"]


def test_a_vocabulary_of_another_model_is_refused(measured: Any) -> None:
    assert measured["another's"] == "the vocabulary has 56 words, and the model 40: it is another's"
