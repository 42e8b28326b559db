"""`restore`: what is kept goes into the store, the rest into a folder of its own, and nothing anywhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from matterzoo_harness.archive.restore import restore
from matterzoo_harness.archive.writing import write_archive
from matterzoo_harness.store import Store
from matterzoo_harness.upkeep.needs import needs
from matterzoo_schemas.canonical import sha256_of
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

WEIGHTS = b"these are weights"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MATTERZOO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def written(target: Path, **manifest: Any) -> Path:
    content: Mapping[str, Any] = {"kind": "matterzoo archive", "format": 1, "models": {}, "kept": [], "notes": []}
    files: dict[str, Path | bytes] = {
        "manifest.json": json.dumps({**content, **manifest}).encode(),
        "weights/0123/model.bin": WEIGHTS,
        "replay.py": b"print('hello')\n",
        "sources/matterzoo_adapters/models/foo.py": b"",
    }
    write_archive(files, target)
    return target


@pytest.mark.parametrize("name", ["folder", "archive.tar"])
def test_kept_files_are_in_the_store_and_all_others_in_one_folder(tmp_path: Path, home: Path, name: str) -> None:
    archive = written(tmp_path / name, kept=["weights/0123/model.bin"], notes=[["built", "abc-3.11", "def"]])
    restored = restore(archive)
    assert Store().get(sha256_of(WEIGHTS)).name == "model.bin"
    assert Store().note("built", "abc-3.11") == "def"
    assert restored.folder.is_relative_to(home / "archives")
    assert (restored.folder / "replay.py").read_text() == "print('hello')\n"
    assert (restored.folder / "weights/0123/model.bin").read_bytes() == WEIGHTS
    assert (restored.folder / "adapters/foo.py").is_file()


def test_what_was_restored_is_in_use(tmp_path: Path) -> None:
    restore(written(tmp_path / "folder", kept=["weights/0123/model.bin"]))
    assert sha256_of(WEIGHTS) in needs([], Store()).contents


def test_restoring_twice_gives_the_same(tmp_path: Path) -> None:
    archive = written(tmp_path / "folder", kept=["weights/0123/model.bin"])
    assert restore(archive).folder == restore(archive).folder


def test_a_damaged_archive_changes_nothing(tmp_path: Path, home: Path) -> None:
    archive = written(tmp_path / "folder")
    (archive / "replay.py").write_text("print('another')\n")
    with pytest.raises(MatterzooError) as caught:
        restore(archive)
    assert caught.value.code == ExitCode.DIGEST_MISMATCH
    assert not home.exists()


@pytest.mark.parametrize(
    "note",
    [["sha256", "ab", "x"], ["built", "../../evil", "x"], ["built", "", "x"], ["..", "evil", "x"],
     ["folders", "ab", json.dumps({"../../evil": "ab"})], ["folders", "ab", json.dumps({"/evil": "ab"})]],
)  # fmt: skip
def test_a_fact_that_would_lie_outside_the_store_is_refused(tmp_path: Path, note: list[str]) -> None:
    with pytest.raises(MatterzooError, match="none of ours does") as caught:
        restore(written(tmp_path / "folder", notes=[note]))
    assert caught.value.code == ExitCode.BAD_INPUT
    assert not list(tmp_path.rglob("*evil*"))
