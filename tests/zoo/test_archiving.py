"""A digest on record belongs to the recipe on record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from matterzoo.archiving import build_twice
from matterzoo.catalogue import find
from matterzoo.locking import lock_model
from matterzoo_harness import locations
from matterzoo_harness.runtimes.base import quiet
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.lock import ModelLock, read_lock, write_lock

ANOTHER = "a" * 64


@pytest.fixture
def lock_file(zoo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lock of `trivial`, of a private zoo that may be written."""
    monkeypatch.setenv("MATTERZOO_BASE", "debootstrap")
    return find("trivial").lock_file


def refused(**options: Any) -> MatterzooError:
    with pytest.raises(MatterzooError) as caught:
        build_twice("trivial", "cpu", None, quiet, **options)
    return caught.value


def test_the_digest_of_a_recipe_that_is_not_on_record_is_not_recorded(lock_file: Path) -> None:
    write_lock(lock_file, ModelLock(recipe_key={"cpu": ANOTHER}))
    error = refused(record=True)
    assert error.code == ExitCode.BAD_CARD
    assert "matterzoo lock trivial" in error.hint
    assert read_lock(lock_file).image_digest is None


def test_one_store_twice_is_not_two_clean_stores(lock_file: Path) -> None:
    assert refused(home=locations.home()).code == ExitCode.USAGE


@pytest.mark.model_env
@pytest.mark.slow
def test_a_lock_of_another_recipe_forgets_the_digest(lock_file: Path) -> None:
    lock_model(find("trivial"), upgrade=False, progress=quiet)
    write_lock(lock_file, read_lock(lock_file).model_copy(update={"image_digest": "sha256:1"}))
    lock_model(find("trivial"), upgrade=False, progress=quiet)
    assert read_lock(lock_file).image_digest == "sha256:1"
    card = lock_file.with_name("card.toml")
    card.write_text(card.read_text().replace('summary = "', 'summary = "Another. ', 1))
    lock_model(find("trivial"), upgrade=False, progress=quiet)
    assert read_lock(lock_file).image_digest is None
