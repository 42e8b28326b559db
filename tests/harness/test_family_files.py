"""An adapter is its file and what it imports of its neighbours: all of it counts, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from matterzoo_harness.family_files import family_files, family_sha256


@pytest.fixture
def models(tmp_path: Path) -> Path:
    (tmp_path / "alone.py").write_text("import numpy as np\n")
    (tmp_path / "engine.py").write_text("from matterzoo_adapters.models import parts\n")
    (tmp_path / "parts.py").write_text("")
    (tmp_path / "child.py").write_text("def load():\n    from matterzoo_adapters.models.engine import Engine\n")
    (tmp_path / "other.py").write_text("import matterzoo_adapters.models.parts\n")
    return tmp_path


def names(models: Path, family: str) -> list[str]:
    return [file.name for file in family_files(models / f"{family}.py")]


def test_a_family_by_itself_is_one_file(models: Path) -> None:
    assert names(models, "alone") == ["alone.py"]


def test_imports_count_at_any_depth_however_they_are_written(models: Path) -> None:
    assert names(models, "child") == ["child.py", "engine.py", "parts.py"]
    assert names(models, "other") == ["other.py", "parts.py"]


def test_a_change_of_an_imported_file_changes_the_adapter(models: Path) -> None:
    before = {family: family_sha256(models / f"{family}.py") for family in ("alone", "child", "other")}
    (models / "engine.py").write_text("from matterzoo_adapters.models import parts\nEPOCH = 2\n")
    changed = [family for family, sha256 in before.items() if family_sha256(models / f"{family}.py") != sha256]
    assert changed == ["child"]


def test_texts_named_after_a_module_count_with_it(models: Path) -> None:
    before = {family: family_sha256(models / f"{family}.py") for family in ("alone", "child", "other")}
    (models / "engine.blank.txt").write_text("You are an encoder.")
    assert names(models, "child") == ["child.py", "engine.blank.txt", "engine.py", "parts.py"]
    changed = [family for family, sha256 in before.items() if family_sha256(models / f"{family}.py") != sha256]
    assert changed == ["child"]
