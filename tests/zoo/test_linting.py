"""`lint` finds what contradicts itself, and says of the rest what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from matterzoo.catalogue import find
from matterzoo.linting import lint
from matterzoo.missing import missing_piece, summary
from matterzoo.scaffold import TEMPLATES, new_model
from matterzoo_harness.checking.scaffold import SCAFFOLD
from matterzoo_harness.environments.folder import find_environment
from matterzoo_schemas.lock import LockedCheckpoint, ModelLock, write_lock

PINNED = "a" * 64


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def contradictions(*names: str) -> set[str]:
    return {remark.rule for remark in lint(names) if remark.kind == "contradiction"}


def unfinished(*names: str) -> set[str]:
    return {f"{remark.rule}: {remark.message}" for remark in lint(names) if remark.kind == "unfinished"}


def test_our_own_zoo_neither_contradicts_itself_nor_was_left_unfinished() -> None:
    assert [remark for remark in lint() if remark.fails] == []


def test_a_model_that_only_lacks_something_is_no_contradiction(zoo: Path) -> None:
    assert contradictions("trivial") == set()
    assert {remark.rule for remark in lint(["trivial"])} >= {"locked"}


def test_a_class_that_the_adapter_does_not_have(zoo: Path) -> None:
    edit(zoo / "models" / "mischief" / "card.toml", "mischief:Mischief", "mischief:Order")
    assert contradictions("mischief") == {"adapter-there"}


def test_an_adapter_that_is_no_python(zoo: Path) -> None:
    (zoo / "adapters" / "mischief.py").write_text("class Mischief(:\n")
    (remark,) = [remark for remark in lint(["mischief"]) if remark.kind == "contradiction"]
    assert "line 1" in remark.message


def test_an_adapter_that_changed_after_the_lock(zoo: Path) -> None:
    model, folder = find("trivial"), find_environment("plain")
    write_lock(model.lock_file, ModelLock(adapter_sha256=PINNED, environment_sha256={"cpu": folder.lock_sha256("cpu")}))
    assert contradictions("trivial") == {"lock-agrees"}


def test_a_card_and_a_lock_that_name_two_hashes(zoo: Path) -> None:
    checkpoint = f'[checkpoint]\nsource = "url"\nurl = "https://example.org/model.pt"\nsha256 = "{PINNED}"'
    edit(zoo / "models" / "mischief" / "card.toml", '[checkpoint]\nsource = "none"', checkpoint)
    measured = LockedCheckpoint(sha256="b" * 64, size=1)
    write_lock(find("mischief").lock_file, ModelLock(checkpoint=measured))
    assert contradictions("mischief") == {"one-hash"}


def test_golden_vectors_of_weights_that_may_not_be_passed_on(zoo: Path) -> None:
    checkpoint = '[checkpoint]\nsource = "url"\nurl = "https://example.org/model.pt"\nredistributable = false'
    edit(zoo / "models" / "mischief" / "card.toml", '[checkpoint]\nsource = "none"', checkpoint)
    (zoo / "models" / "mischief" / "golden.safetensors").write_bytes(b"vectors")
    assert "golden-allowed" in contradictions("mischief")


def test_a_lock_beside_the_words_that_there_is_none(zoo: Path) -> None:
    (zoo / "containers" / "plain" / "cpu.conflict").write_text("no")
    assert contradictions("plain") == {"environment"}


def test_what_cannot_be_locked_is_told_in_the_resolvers_own_words(zoo: Path) -> None:
    (zoo / "containers" / "plain" / "cpu.lock").unlink()
    assert "matterzoo lock plain" in str(missing_piece(find("trivial")))
    words = "  × No solution found when resolving dependencies:\n  ╰─▶ Because there is no\n      version of torch==1\n"
    (zoo / "containers" / "plain" / "cpu.conflict").write_text(words)
    assert missing_piece(find("trivial")) == "plain, cpu: Because there is no version of torch==1"


def test_a_model_that_was_never_checked_says_which_command_does_it(zoo: Path) -> None:
    assert missing_piece(find("trivial")) == "its lock does not agree with its files: matterzoo lock trivial"


def test_a_resolvers_hint_is_left_out_of_the_line() -> None:
    assert summary("Because a needs b\n\n      hint: try something else") == "Because a needs b"


@pytest.mark.parametrize("like", ["chgnet", "ecfp", "esm-if1", "aurora"])
def test_what_new_left_open_is_named_file_by_file(zoo: Path, like: str) -> None:
    new_model("foo-1", like, package="foo==1", weights="https://example.org/foo.pt", into=zoo)
    for name, file in [("foo-1", "card.toml"), ("foo-random", "card.toml"), ("foo", "environment.toml")]:
        assert any(words.startswith(f"scaffold-replaced: {file}, line") for words in unfinished(name)), name


def test_an_adapter_that_is_still_the_scaffolds_is_named_once_its_card_is_filled_in(zoo: Path) -> None:
    new_model("foo-random", "ecfp", package="foo==1", into=zoo)
    card = zoo / "models" / "foo-random" / "card.toml"
    card.write_text("\n".join(line for line in card.read_text().splitlines() if not line.startswith("# ")))
    assert any(words.startswith("scaffold-replaced: foo.py, line") for words in unfinished("foo-random"))


def test_every_remark_that_the_templates_make_to_a_person_is_known() -> None:
    texts = [file.read_text("utf-8") for kind in ("toml", "in") for file in TEMPLATES.rglob(f"*.{kind}.jinja")]
    remarks = [line for text in texts for line in text.splitlines() if line.startswith("# ")]
    assert [line for line in remarks if not any(words in line for words in SCAFFOLD)] == []
    everything = "".join(file.read_text("utf-8") for file in TEMPLATES.rglob("*.jinja"))
    assert [words for words in SCAFFOLD if words not in everything] == []


def test_a_length_of_vectors_that_can_be_read_off_the_weights_is_asked_for(zoo: Path) -> None:
    card = zoo / "models" / "mischief" / "card.toml"
    card.write_text("\n".join(line for line in card.read_text().splitlines() if not line.startswith("dim =")))
    assert any(words.startswith("dims-stated: ") for words in unfinished("mischief"))
    edit(card, 'source = "none"', 'source = "url"\nurl = "https://example.org/never_fetched.pt"')
    assert unfinished("mischief") == set()
