"""Code that comes with a checkpoint runs at a pinned commit only; a tokenizer that another version breaks is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from model_environments import measured_inside, setup_of

from matterzoo_harness.cards import read_card

MODELS = Path(__file__).resolve().parents[2] / "zoo" / "models"

pytestmark = [pytest.mark.model_env, pytest.mark.slow, pytest.mark.xdist_group("remote-code")]


@pytest.fixture(scope="session")
def tried(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Any:
    """Return what became of a small repository with code of its own, read as MoLFormer's."""
    given = setup_of(read_card(MODELS / "molformer-xl-10pct" / "card.toml"))
    given["options"].pop("special_tokens", None)
    return measured_inside("transformers-4", "remote_code.py", given | {"options": {"special_tokens": "kept"}},
                           tmp_path_factory.mktemp("remote-code"))  # fmt: skip


class TestCodeOfACheckpoint:
    def test_at_a_pinned_commit_it_runs_and_says_what_its_weights_say(self, tried: Any) -> None:
        assert tried["pinned"] == {"refused": "", "was_run": True}
        assert tried["vectors"] < 1e-6
        assert tried["batch"] < 1e-6

    @pytest.mark.parametrize("case", ["unpinned", "branch", "unpinned part"])
    def test_without_a_commit_nothing_of_it_is_run(self, tried: Any, case: str) -> None:
        assert "does not say of which commit: nothing of it was run" in tried[case]["refused"]
        assert not tried[case]["was_run"]

    def test_a_file_of_known_content_is_pinned_too(self, tried: Any) -> None:
        assert tried["pinned part"]["refused"] == ""

    def test_code_of_another_repository_is_not_fetched(self, tried: Any) -> None:
        assert "names code that is not in the checkpoint's folder: someone/else--" in tried["elsewhere"]["refused"]
        assert not tried["elsewhere"]["was_run"]

    def test_code_that_is_not_there_is_named(self, tried: Any) -> None:
        assert tried["gone"]["refused"].endswith("modeling_gone.TinyModel")

    def test_no_twin_is_made_up_without_it(self, tried: Any) -> None:
        assert "is built by code that comes with its checkpoint" in tried["no checkpoint"]["refused"]

    def test_a_model_that_draws_random_numbers_at_each_call_is_refused(self, tried: Any) -> None:
        assert tried["always random"]["refused"].startswith("two calls give two vectors")


def smi_ted(environment: str, folder: Path) -> Any:
    """Return what an environment makes of code of SMI-TED's shape."""
    given = setup_of(read_card(MODELS / "smi-ted-289m" / "card.toml"))
    return measured_inside(environment, "smi_ted_code.py", given, folder)


class TestTokenizerThatOverridesBerts:
    def test_transformers_4_reads_it_as_its_authors_do(self, isolated: None, tmp_path: Path) -> None:
        answer = smi_ted("transformers-4", tmp_path)
        assert answer["ids"][:2] == [[0, 4, 4, 5, 1], [0, 4, 4, 7, 1]]
        assert answer["vectors"] < 1e-6
        assert answer["batch"] < 1e-5

    def test_what_it_does_not_know_is_refused(self, isolated: None, tmp_path: Path) -> None:
        problems = smi_ted("transformers-4", tmp_path)["problems"]
        assert problems == {
            "1": "RDKit does not parse this SMILES",
            "2": "the tokenizer does not know all of CCF",
            "3": "22 tokens, and this model takes 12",
        }

    def test_transformers_5_sees_only_padding_and_the_model_is_not_loaded(self, isolated: None, tmp_path: Path) -> None:
        assert smi_ted("transformers", tmp_path)["refused"].startswith("the tokenizer sees nothing but padding in")
