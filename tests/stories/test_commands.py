"""What a user types before anything runs, and what the command answers: looking, mistyping, missing files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from made_records import named

from matterzoo_schemas.exit_codes import ExitCode

ROOT = Path(__file__).resolve().parents[2]


def test_a_misspelt_model_lists_the_nearest_first(matterzoo: Any) -> None:
    code, stdout, stderr = matterzoo("run", "chgnett-0.3.0")
    assert (code, stdout) == (ExitCode.USAGE, "")
    assert "there is no model 'chgnett-0.3.0'" in stderr
    assert "did you mean chgnet-0.3.0?" in stderr
    listed = stderr.partition("There is: ")[2].split(", ")
    assert listed[0] == "chgnet-0.3.0"
    assert len(listed) >= 10


def test_no_model_lists_what_there_is(matterzoo: Any) -> None:
    code, _, stderr = matterzoo("run")
    assert code == ExitCode.USAGE
    assert "no model was named" in stderr
    assert "sevennet-0" in stderr


@pytest.mark.parametrize(
    "arguments", [["run", "soap", "--colour", "blue"], ["fly"], ["embed"], ["run", "soap", "--device", "tpu"]]
)
def test_a_mistake_in_typing_is_one_line_and_a_hint(matterzoo: Any, arguments: list[str]) -> None:
    code, _, stderr = matterzoo(*arguments)
    assert code == ExitCode.USAGE
    assert "Traceback" not in stderr
    assert stderr.startswith("matterzoo: ")


def test_an_input_that_is_not_there(matterzoo: Any) -> None:
    code, _, stderr = matterzoo("run", "soap", "my.cif", "-o", "out")
    assert code == ExitCode.INPUT_MISSING
    assert "my.cif" in stderr


def test_an_input_that_is_no_structure(matterzoo: Any, tmp_path: Path) -> None:
    (tmp_path / "my.unknown").write_text("what is this?\n")
    code, _, stderr = matterzoo("run", "soap", "my.unknown", "-o", "out")
    assert code == ExitCode.BAD_INPUT
    assert "my.unknown" in stderr


def test_a_folder_that_cannot_be_written(matterzoo: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    named(["a"]).write(tmp_path / "r.safetensors")
    code, _, stderr = matterzoo("run", "soap", "r.safetensors", "-o", "file/out")
    assert code == ExitCode.CANNOT_WRITE
    assert "Traceback" not in stderr


def test_a_dry_run_prints_the_exact_command_and_starts_nothing(
    matterzoo: Any, tmp_path: Path, private_zoo: Path
) -> None:
    named(["a"]).write(tmp_path / "r.safetensors")
    code, stdout, stderr = matterzoo(
        "run", "trivial", "r.safetensors", "-o", "out", "--runtime", "venv", "--dry-run", "--threads", "3"
    )
    assert code == 0, stderr
    (line,) = stdout.splitlines()
    assert line.endswith("/bin/python -m matterzoo_adapters.worker")
    assert "OMP_NUM_THREADS=3" in line
    assert not list((tmp_path / "out").rglob("shard-*"))
    assert not (tmp_path / "out" / "logs" / "trivial.log").exists()


def test_list_shows_every_model_and_its_state(matterzoo: Any, private_zoo: Path) -> None:
    code, stdout, _ = matterzoo("list")
    assert code == 0
    shown = {line.split()[0]: line for line in stdout.splitlines()[1:]}
    assert {"chgnet-0.3.0", "sevennet-0", "mace-random", "soap", "mischief"} <= set(shown)
    assert "random weights" in shown["mace-random"]
    assert "random weights" not in shown["chgnet-0.3.0"]


@pytest.fixture
def my_card(tmp_path: Path, private_zoo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The card of the one model of a zoo of one's own."""
    zoo = shutil.copytree(private_zoo, tmp_path / "zoo", ignore=shutil.ignore_patterns("models"))
    monkeypatch.setenv("MATTERZOO_PATH", str(zoo))
    card = zoo / "models" / "mine" / "card.toml"
    card.parent.mkdir(parents=True)
    card.write_text((private_zoo / "models/mischief/card.toml").read_text().replace('"mischief"', '"mine"', 1))
    return card


def test_list_is_made_anew_when_a_card_changes(matterzoo: Any, my_card: Path) -> None:
    text = my_card.read_text()
    assert "Misbehaves on purpose" in matterzoo("list").stdout
    my_card.write_text(text.replace("Misbehaves on purpose", "Behaves by now"))
    assert "Behaves by now" in matterzoo("list").stdout
    my_card.write_text(text + "\ncolour = 'blue'\n")
    listed = matterzoo("list", "--json")
    (mine,) = [model for model in json.loads(listed.stdout) if model["id"] == "mine"]
    assert mine["state"] == "invalid"
    assert listed.code == 0, "one bad card hides no other model"


def test_list_can_be_narrowed_and_read_by_machines(matterzoo: Any) -> None:
    code, stdout, _ = matterzoo("list", "--json", "--view", "smiles")
    assert code == 0
    models = json.loads(stdout)
    assert models
    assert {model["view"] for model in models} == {"smiles"}


def test_what_is_not_pinned_is_not_called_archival(matterzoo: Any) -> None:
    pinned, unpinned = "ecfp4", "mace-mp-0-medium"
    listed = matterzoo("list", "--archival", pinned, unpinned)
    assert [line.split()[0] for line in listed.stdout.splitlines()[1:]] == [pinned]
    assert json.loads(matterzoo("info", pinned, "--json").stdout)["archival"]
    assert not json.loads(matterzoo("info", unpinned, "--json").stdout)["archival"]
    assert (
        "no: the hash of its weights is not known: matterzoo lock mace-mp-0-medium"
        in matterzoo("info", unpinned).stdout
    )


def test_list_shows_the_models_whose_ids_contain_a_name(matterzoo: Any) -> None:
    code, stdout, _ = matterzoo("list", "--json", "chgnet", "orb-v2")
    assert code == 0
    ids = {model["id"] for model in json.loads(stdout)}
    assert {"chgnet-0.3.0", "orb-v2"} <= ids
    assert all("chgnet" in model or "orb-v2" in model for model in ids)


def test_info_shows_card_layers_and_the_next_command(matterzoo: Any) -> None:
    code, stdout, _ = matterzoo("info", "chgnet-0.3.0")
    assert code == 0
    assert "layer" in stdout
    assert "make run MODEL=chgnet-0.3.0" in stdout
    assert json.loads(matterzoo("info", "chgnet-0.3.0", "--json").stdout)["card"]["id"] == "chgnet-0.3.0"


def test_a_card_with_a_key_too_many_is_refused_by_name(matterzoo: Any, my_card: Path) -> None:
    my_card.write_text(my_card.read_text() + "\ncolour = 'blue'\n")
    code, _, stderr = matterzoo("info", "mine")
    assert code == ExitCode.BAD_CARD
    assert "colour" in stderr
    assert str(my_card) in stderr


def test_the_exported_schemas_are_up_to_date(matterzoo: Any, tmp_path: Path) -> None:
    code, _, stderr = matterzoo("schemas", ROOT / "schemas", "--check")
    assert code == 0, stderr
    assert matterzoo("schemas", tmp_path, "--check").code == ExitCode.BAD_CARD


def test_gathering_an_empty_folder_names_what_to_type(matterzoo: Any) -> None:
    code, _, stderr = matterzoo("gather", ".")
    assert code == ExitCode.INPUT_MISSING
    assert "matterzoo embed" in stderr


def test_help_is_there_for_every_verb(matterzoo: Any) -> None:
    code, stdout, _ = matterzoo("--help")
    assert code == 0
    for verb in ("run", "embed", "gather", "list", "info", "lock", "fetch", "build", "doctor", "schemas"):
        assert f"  {verb} " in stdout
