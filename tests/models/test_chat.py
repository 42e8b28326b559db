"""Language models: prompts reach them, other precisions are others, and what memory cannot hold is refused unloaded."""

from __future__ import annotations

from typing import Any

import pytest
from model_environments import measured_inside

pytestmark = [pytest.mark.model_env, pytest.mark.slow, pytest.mark.xdist_group("transformers")]


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Any:
    """Return all measurements, made in one process."""
    return measured_inside("transformers", "chats.py", None, tmp_path_factory.mktemp("chats"), seconds=900)


def test_nodes_are_the_records_own_tokens_whatever_the_prompt(measured: Any) -> None:
    assert set(map(tuple, measured["prompts"].values())) == {(3, 3, 3)}


def test_another_prompt_gives_another_vector(measured: Any) -> None:
    assert all(distance > 1e-4 for distance in measured["moved"].values())


def test_bfloat16_is_near_float32_and_has_weights_of_its_own(measured: Any) -> None:
    assert all(0 < distance < 0.05 for distance in measured["bfloat16"].values())
    (first, count), (second, same_count) = measured["fingerprints"]
    assert first != second
    assert count == same_count


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "8bit", "4bit"])
def test_a_model_larger_than_memory_is_refused_before_it_is_loaded_with_both_numbers(
    measured: Any, precision: str
) -> None:
    told = measured["too_large"][precision]
    assert f"GB in {precision}" in told
    assert "are free on this machine" in told
    assert "nothing was loaded" in told


def test_fewer_bits_need_less_memory(measured: Any) -> None:
    full, half, eight, four = measured["needed"]
    assert (full, half) == (pytest.approx(4.4 * 2**40), pytest.approx(2.2 * 2**40))
    assert (eight, four) == (pytest.approx(1.1 * 2**40), pytest.approx(0.55 * 2**40))


def test_a_small_one_is_loaded(measured: Any) -> None:
    assert measured["loaded"] == ""


def test_a_prompt_without_a_template_of_a_conversation_is_refused(measured: Any) -> None:
    assert "no template of a conversation" in measured["no_template"]


def test_a_containers_limit_counts_and_no_limit_does_not(measured: Any) -> None:
    assert measured["container"] == [[700], []]


def test_experts_that_are_published_in_four_bits_are_unpacked(measured: Any) -> None:
    assert measured["packed"] < 1e-5
