"""Pairs of environments: asked once, kept at once, gone on with after an interruption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_environments import make_environment
from made_wheels import make_wheel

from matterzoo_harness import locations
from matterzoo_harness.environments.clashes import Clash, clashes
from matterzoo_harness.environments.folder import EnvironmentFolder
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

ABSENT = "http://127.0.0.1:9/simple"
"""An index that does not answer."""


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of one package in two versions, and of another that needs the older one."""
    root = tmp_path / "simple"
    for name, version, needs in [("core", "1.0", ""), ("core", "2.0", ""), ("tool", "1.0", "core<2")]:
        make_wheel(root / name, name, version, needs=needs)
    for folder in root.iterdir():
        links = "".join(f'<a href="{wheel.name}">{wheel.name}</a>' for wheel in folder.glob("*.whl"))
        (folder / "index.html").write_text(f"<!DOCTYPE html><html><body>{links}</body></html>")
    for variable in ("UV_INDEX", "UV_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("UV_DEFAULT_INDEX", root.as_uri())
    monkeypatch.setenv("MATTERZOO_CACHE", str(tmp_path / "cache"))
    return root


@pytest.fixture
def three(tmp_path: Path) -> list[EnvironmentFolder]:
    wanted = {"any": "core\n", "new": "core==2.0\n", "old": "tool==1.0\n"}
    return [make_environment(tmp_path / "containers", lines, name=name) for name, lines in wanted.items()]


def kept() -> list[Path]:
    return sorted((locations.cache() / "conflicts").glob("*"))


def test_two_environments_clash_where_no_versions_serve_both(three: list[EnvironmentFolder]) -> None:
    one, two, three_ = clashes(three)
    assert [one, two] == [Clash("any", "new", ""), Clash("any", "old", "")]
    assert (three_.one, three_.other) == ("new", "old")
    assert "core<2" in three_.words


def test_torch_is_our_choice_and_not_a_reason(tmp_path: Path) -> None:
    pair = [
        make_environment(tmp_path, "torch==1.0\ncore\n", name="a"),
        make_environment(tmp_path, "torch==2.0\ncore\n", name="b"),
    ]
    assert clashes(pair) == [Clash("a", "b", "")]


def test_what_each_environment_tells_uv_of_a_package_holds_for_the_pair(tmp_path: Path) -> None:
    pair = [make_environment(tmp_path, "tool==1.0\n", name="a"), make_environment(tmp_path, "core==2.0\n", name="b")]
    for folder, name, version in zip(pair, ("core", "tool"), ("2.0", "1.0"), strict=True):
        settings = f'dependency-metadata = [{{ name = "{name}", version = "{version}", requires-dist = [] }}]\n'
        (folder.path / "uv.toml").write_text(settings)
    assert clashes(pair) == [Clash("a", "b", "")]


def test_an_answer_is_kept_and_needs_no_index_again(
    three: list[EnvironmentFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = clashes(three)
    assert len(kept()) == 3
    monkeypatch.setenv("MATTERZOO_OFFLINE", "1")
    assert clashes(three) == first
    assert clashes(three[::-1]) == first
    with pytest.raises(MatterzooError) as refusal:
        clashes(three, again=True)
    assert refusal.value.code is ExitCode.INPUT_MISSING


@pytest.mark.parametrize("change", ["requirements", "settings", pytest.param("python", marks=pytest.mark.slow)])
def test_an_environment_that_changed_is_asked_for_again_and_the_others_are_not(
    three: list[EnvironmentFolder], change: str
) -> None:
    clashes(three)
    folder, told = three[2], []
    if change == "settings":
        (folder.path / "uv.toml").write_text(
            'dependency-metadata = [{ name = "tool", version = "1.0", requires-dist = [] }]\n'
        )
    else:
        lines, python = ("core==1.0\n", "3.11") if change == "requirements" else ("tool==1.0\n", "3.13")
        three[2] = make_environment(folder.path.parent, lines, name=folder.name, python=python)
    clashes(three, lambda *step: told.append(step))
    assert told == [("pairs", 1, 3), ("pairs", 2, 3), ("pairs", 3, 3)]


def test_an_interrupted_run_keeps_its_answers_and_goes_on(three: list[EnvironmentFolder]) -> None:
    def interrupt(_what: str, done: int, _total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clashes(three, interrupt)
    answered, told = len(kept()), []
    assert answered >= 1
    assert not [note for note in kept() if note.suffix != ".json"]
    clashes(three, lambda *step: told.append(step))
    assert told[0] == ("pairs", answered, 3)
    assert told[-1] == ("pairs", 3, 3)


def test_an_index_that_does_not_answer_is_no_clash(
    three: list[EnvironmentFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", ABSENT)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(MatterzooError, match="could not be resolved together") as failure:
        clashes(three)
    assert failure.value.code is ExitCode.BAD_CARD
    assert kept() == []


def test_the_command_says_how_far_it_is_and_leaves_no_cell_of_its_page_empty(
    three: list[EnvironmentFolder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, matterzoo: Any
) -> None:
    for folder in three:
        (folder.path / "cpu.lock").touch()  # one that cannot be installed even alone is left out
    monkeypatch.setenv("MATTERZOO_PATH", str(tmp_path))
    code, page, progress = matterzoo("conflicts", "any", "new", "old", "--markdown")
    assert (code, progress.splitlines()[-1]) == (0, "pairs: 3 of 3")
    assert "| **any** |  | · | · |\n| **new** | · |  | ✗ |\n| **old** | · | ✗ |  |\n" in page
    assert "Of 3 such pairs, 1 cannot" in page
