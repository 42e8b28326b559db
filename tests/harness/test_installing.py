"""What a container is given to install: laid out so that its root, which has no privileges, can read it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from matterzoo_harness.installing import lay_out


@pytest.fixture
def secretive() -> Iterator[None]:
    """A user whose new files nobody else can read."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def laid_out(secretive: None, tmp_path: Path) -> Path:
    kept = tmp_path / "kept.whl"
    kept.write_bytes(b"a wheel")
    kept.chmod(0o444)  # as the store keeps all its files
    folder = tmp_path / "given"
    folder.mkdir()
    lay_out({"wheels/kept.whl": kept, "install.sh": b"true\n"}, folder)
    return folder


def test_everybody_can_read_all_of_it(laid_out: Path) -> None:
    modes = {entry.name: entry.stat().st_mode & 0o777 for entry in (laid_out, *laid_out.rglob("*"))}
    assert modes == {"given": 0o755, "wheels": 0o755, "kept.whl": 0o444, "install.sh": 0o644}


def test_nothing_of_the_store_is_copied(laid_out: Path, tmp_path: Path) -> None:
    assert (laid_out / "wheels" / "kept.whl").samefile(tmp_path / "kept.whl")
    assert (laid_out / "install.sh").read_bytes() == b"true\n"
