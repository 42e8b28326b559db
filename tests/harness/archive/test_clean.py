"""A clean store holds what its lock names, as whole files of its own, and nothing that was made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from matterzoo_harness.archive.clean import clean_store
from matterzoo_harness.environments.folder import EnvironmentFolder, find_environment
from matterzoo_harness.store import Store
from matterzoo_schemas.canonical import sha256_of_file
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

SOURCE, WHEEL = b"a source archive", b"the wheel that was built of it"


def put(store: Store, folder: Path, name: str, content: bytes) -> str:
    file = folder / name
    file.write_bytes(content)
    return store.add(file)


@pytest.fixture
def source(tmp_path: Path) -> Store:
    """A store with a source, the wheel that was built of it, and something of another environment."""
    store = Store(tmp_path / "source")
    built = put(store, tmp_path, "foo-1.0-py3-none-any.whl", WHEEL)
    store.put_note("built", f"{put(store, tmp_path, 'foo-1.0.tar.gz', SOURCE)}-3.11", built)
    put(store, tmp_path, "bar-1.0-py3-none-any.whl", b"of another environment")
    return store


@pytest.fixture
def environment(source: Store, tmp_path: Path, private_zoo: Path, monkeypatch: pytest.MonkeyPatch) -> EnvironmentFolder:
    monkeypatch.setenv("MATTERZOO_BASE", "debootstrap")
    plain = find_environment("plain")
    (sha256,) = (file.parent.name for file in source.root.glob("sha256/*/*/foo-1.0.tar.gz"))
    (tmp_path / "cpu.lock").write_text(f"foo==1.0 --hash=sha256:{sha256}\n")
    return EnvironmentFolder(tmp_path, plain.environment)


def test_it_holds_what_the_lock_names_and_nothing_that_was_made_of_it(
    source: Store, environment: EnvironmentFolder, tmp_path: Path
) -> None:
    clean = clean_store(environment, "cpu", source, tmp_path / "clean")
    (file,) = clean.root.glob("sha256/*/*/*")
    (other,) = source.root.glob("sha256/*/*/foo-1.0.tar.gz")
    assert (file.name, file.read_bytes()) == ("foo-1.0.tar.gz", SOURCE)
    assert not file.samefile(other)
    assert clean.note("built", f"{sha256_of_file(file)}-3.11") is None


def test_what_was_damaged_in_the_source_is_not_copied(
    source: Store, environment: EnvironmentFolder, tmp_path: Path
) -> None:
    (file,) = source.root.glob("sha256/*/*/foo-1.0.tar.gz")
    file.chmod(0o644)
    file.write_bytes(b"another source archive")
    with pytest.raises(MatterzooError) as caught:
        clean_store(environment, "cpu", source, tmp_path / "clean")
    assert caught.value.code == ExitCode.DIGEST_MISMATCH


def test_the_image_of_a_registry_goes_with_its_note(
    source: Store, environment: EnvironmentFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATTERZOO_BASE", "registry")
    note = f'{{"archive": "{put(source, tmp_path, "python.tar", b"an image")}"}}'
    source.put_note("registry-bases", "3.11", note)
    clean = clean_store(environment, "cpu", source, tmp_path / "clean")
    assert clean.note("registry-bases", "3.11") == note
    assert {file.name for file in clean.root.glob("sha256/*/*/*")} == {"foo-1.0.tar.gz", "python.tar"}
