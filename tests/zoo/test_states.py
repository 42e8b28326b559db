"""The ladder: carded, locked, built, contract, verified; each rung computed from files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from matterzoo.catalogue import find, index
from matterzoo.states import RANDOM, standing_of
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.model import Model
from matterzoo_schemas.canonical import sha256_of_file
from matterzoo_schemas.lock import ModelLock, Verified, write_lock

RECIPE = "a" * 64


@pytest.fixture
def zoo(zoo: Path) -> Path:
    """The private zoo, with an untrained twin."""
    card = (zoo / "models" / "trivial" / "card.toml").read_text()
    twin = zoo / "models" / "trivial-random"
    twin.mkdir()
    (twin / "card.toml").write_text(card.replace('id = "trivial"', 'id = "trivial-random"'))
    return zoo


def put(model: Model, *levels: str, recipe: str = RECIPE, **changes: object) -> Model:
    """Write the lock of a model that passed these levels, and read the model anew."""
    folder = find_environment(model.card.environment)
    passed = [
        Verified(date=date(2025, 1, 1), device="cpu", level=level, grade="A", recipe_key=recipe) for level in levels
    ]
    content = {
        "adapter_sha256": model.adapter_sha256, "environment_sha256": {"cpu": folder.lock_sha256("cpu")},
        "recipe_key": {"cpu": RECIPE}, "verified": passed, **changes,
    }  # fmt: skip
    write_lock(model.lock_file, ModelLock.model_validate(content))
    return find(model.id)


def test_a_model_with_a_card_and_nothing_else_is_carded(zoo: Path) -> None:
    assert standing_of(find("trivial")).state == "carded"


def test_a_model_whose_lock_agrees_with_the_files_is_locked(zoo: Path) -> None:
    assert standing_of(put(find("trivial"))).state == "locked"


def test_a_model_whose_two_builds_agreed_is_built(zoo: Path) -> None:
    assert standing_of(put(find("trivial"), image_digest="sha256:1")).state == "built"


@pytest.mark.parametrize("level", ["contract", "conformance", "golden"])
def test_a_passed_check_under_the_present_recipe_is_the_contract(zoo: Path, level: str) -> None:
    assert standing_of(put(find("trivial"), level)).state == "contract"


def test_a_check_under_another_recipe_does_not_count(zoo: Path) -> None:
    assert standing_of(put(find("trivial"), "golden", recipe="b" * 64)).state == "locked"


@pytest.mark.parametrize("change", ["adapter", "lock"])
def test_a_changed_adapter_or_environment_takes_every_rung_away(zoo: Path, change: str) -> None:
    model = put(find("trivial"), "golden")
    file = model.adapter_file if change == "adapter" else zoo / "containers" / "plain" / "cpu.lock"
    file.write_text(file.read_text() + "\n# changed\n")
    assert standing_of(find("trivial")).state == "carded"


def test_golden_vectors_reproduced_by_real_weights_are_verified(zoo: Path) -> None:
    golden = find("trivial").folder / "golden.safetensors"
    golden.write_bytes(b"vectors")
    assert standing_of(put(find("trivial"), "golden", golden_sha256=sha256_of_file(golden))).state == "verified"
    golden.write_bytes(b"other vectors")
    assert standing_of(find("trivial")).state == "contract"


def test_random_weights_are_never_verified(zoo: Path) -> None:
    golden = find("trivial-random").folder / "golden.safetensors"
    golden.write_bytes(b"vectors")
    assert standing_of(put(find("trivial-random"), "golden", golden_sha256=sha256_of_file(golden))).state == "contract"


def test_a_model_without_its_weights_stands_on_its_random_twins_contract_and_says_so(zoo: Path) -> None:
    put(find("trivial-random"), "conformance")
    assert standing_of(put(find("trivial"))).state == RANDOM
    assert standing_of(find("mischief")).state == "carded"


@pytest.mark.parametrize(
    "name", ["adapters/mischief.py", "containers/plain/cpu.lock", "models/trivial/golden.safetensors"]
)
def test_the_index_of_list_notices_whatever_takes_a_rung_away(zoo: Path, name: str) -> None:
    golden = find("trivial").folder / "golden.safetensors"
    golden.write_bytes(b"vectors")
    put(find("trivial"), "golden", golden_sha256=sha256_of_file(golden))
    state = {line["id"]: line["state"] for line in index()}
    assert state["trivial"] == "verified"
    (zoo / name).write_text("# changed\n" + (zoo / name).read_text())
    assert {line["id"]: line["state"] for line in index()}["trivial"] in {"carded", "contract"}
