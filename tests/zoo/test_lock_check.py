"""`lock --check`: what a lock would become today, and why; nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from matterzoo.catalogue import find
from matterzoo.lock_check import check_lock
from matterzoo.locking import lock_model
from matterzoo_harness.runtimes.base import quiet
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


@pytest.fixture
def locked(zoo: Path, plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of `trivial`, locked a moment ago."""
    monkeypatch.setenv("MATTERZOO_BASE", "debootstrap")
    lock_model(find("trivial"), upgrade=False, progress=quiet)
    return find("trivial").folder


def of_the_model() -> dict[str, str]:
    """What would change in the model's own lock, and why."""
    try:
        changes = check_lock("trivial", quiet)
    except MatterzooError as error:
        if error.code is not ExitCode.INPUT_MISSING:
            raise
        pytest.skip(f"absent real part: the package index ({error.message.splitlines()[0]})")
    return {change.what.partition(" ")[0]: change.why for change in changes if change.lock == "trivial/lock.json"}


@pytest.mark.model_env
@pytest.mark.network
def test_a_lock_that_was_made_a_moment_ago_stays(locked: Path) -> None:
    before = (locked / "lock.json").read_bytes()
    assert of_the_model() == {}
    assert (locked / "lock.json").read_bytes() == before


@pytest.mark.model_env
@pytest.mark.network
def test_another_card_makes_another_recipe_and_checks_do_not_count(locked: Path) -> None:
    card = locked / "card.toml"
    card.write_text(card.read_text().replace('summary = "', 'summary = "Another. ', 1))
    (found,) = of_the_model().items()
    assert found[0] == "recipe_key.cpu"
    assert "checks do not count" in found[1]


@pytest.mark.model_env
@pytest.mark.network
def test_another_adapter_is_named(locked: Path, zoo: Path) -> None:
    adapter = zoo / "adapters" / "mischief.py"
    adapter.write_text(adapter.read_text() + "\n")
    assert of_the_model()["adapter_sha256"] == "mischief.py was changed"
