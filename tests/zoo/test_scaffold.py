"""`new` writes what a contributor would otherwise copy, and never over anything."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from matterzoo.catalogue import find
from matterzoo.linting import lint
from matterzoo.scaffold import new_model
from matterzoo_harness.environments.folder import find_environment
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

URL = "https://example.org/model.pt"


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MATTERZOO_PATH", str(tmp_path / "mine"))
    return tmp_path / "mine"


def names(files: list[Path], folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in files}


def test_another_checkpoint_of_a_family_is_one_card(mine: Path) -> None:
    files = new_model("mace-mine", "mace-mp-0-medium", weights=URL, into=mine)
    assert names(files, mine) == {"models/mace-mine/card.toml"}
    model, base = find("mace-mine"), find("mace-mp-0-medium")
    assert model.card.checkpoint.url == URL
    assert (model.card.environment, model.card.embedding) == (base.card.environment, base.card.embedding)


@pytest.mark.parametrize(
    ("like", "base"),
    [("chgnet", "AtomsAdapter"), ("ecfp", "TextAdapter"), ("esm-if1", "BackboneAdapter"), ("aurora", "GridAdapter")],
)
def test_a_new_family_is_a_card_its_untrained_twin_an_adapter_and_an_environment(
    mine: Path, like: str, base: str
) -> None:
    files = new_model("foo-2.1", like, package="foo-models==2.1", weights=URL, into=mine)
    assert names(files, mine) == {
        "models/foo-2.1/card.toml", "models/foo-random/card.toml", "adapters/foo.py",
        "containers/foo/environment.toml", "containers/foo/requirements.in",
    }  # fmt: skip
    assert find("foo-random").card.random_weights
    assert find("foo-2.1").card.family == "foo"
    assert (
        find("foo-2.1").card.view
        == find({"chgnet": "chgnet-0.3.0", "ecfp": "ecfp4", "aurora": "aurora-small"}.get(like, like)).card.view
    )
    assert "foo-models==2.1" in (find_environment("foo").path / "requirements.in").read_text()
    (adapter,) = [
        node for node in ast.parse((mine / "adapters/foo.py").read_text()).body if isinstance(node, ast.ClassDef)
    ]
    assert ast.unparse(adapter.bases[0]) == base
    assert [remark for remark in lint(["foo-2.1", "foo-random", "foo"]) if remark.kind == "contradiction"] == []


@pytest.mark.parametrize("name", ["foo-1", "foo", "foo-random"])
def test_a_family_without_weights_to_name_is_its_untrained_twin_alone(mine: Path, name: str) -> None:
    files = new_model(name, "chgnet", package="foo==1", into=mine)
    assert [file.parent.name for file in files if file.name == "card.toml"] == ["foo-random"]
    assert all(file.is_file() for file in files)
    assert find("foo-random").card.environment == find_environment("foo").name


def test_a_twin_has_no_weights(mine: Path) -> None:
    with pytest.raises(MatterzooError) as refusal:
        new_model("foo-random", "chgnet", package="foo==1", weights=URL, into=mine)
    assert refusal.value.code is ExitCode.USAGE
    assert not mine.exists()


@pytest.mark.parametrize(
    ("weights", "table"),
    [
        (URL, {"source": "url", "url": URL}),
        ("hf:owner/name/a/b.pt", {"source": "huggingface", "repo": "owner/name", "file": "a/b.pt"}),
        ("package:inside.pt", {"source": "package", "file": "inside.pt"}),
    ],
)
def test_weights_are_named_in_one_word(mine: Path, weights: str, table: dict[str, str]) -> None:
    (file,) = new_model("mace-mine", "mace-mp-0-medium", weights=weights, into=mine)
    assert tomllib.loads(file.read_text())["checkpoint"] == table


def test_what_is_there_is_never_written_over(mine: Path) -> None:
    (file,) = new_model("mace-mine", "mace-mp-0-medium", weights=URL, into=mine)
    before = file.read_bytes()
    with pytest.raises(MatterzooError) as refusal:
        new_model("mace-mine", "mace-mp-0-medium", weights=URL + "2", into=mine)
    assert refusal.value.code is ExitCode.CANNOT_WRITE
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Not an id", {"weights": URL}),
        ("mace-mine", {}),
        ("mace-mine", {"weights": "nowhere.pt"}),
        ("foo-1", {"family": "foo", "weights": URL}),
    ],
)
def test_what_cannot_be_understood_says_what_to_type(mine: Path, name: str, options: dict[str, str]) -> None:
    with pytest.raises(MatterzooError) as refusal:
        new_model(name, "mace-mp-0-medium", into=mine, **options)
    assert refusal.value.code is ExitCode.USAGE
    assert refusal.value.hint or "letters" in refusal.value.message
    assert not mine.exists()
