"""`df` and `gc`: what a lock, a card or a restored archive needs is never removed; the rest is, when asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from matterzoo.catalogue import find
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.environments.lockfile import read_lock
from matterzoo_harness.environments.wheels import built_note
from matterzoo_harness.runtimes.venv import environment_path
from matterzoo_harness.store import Store
from matterzoo_harness.upkeep.needs import Needs, needs
from matterzoo_harness.upkeep.usage import YOUNG_SECONDS, holdings, remove
from matterzoo_schemas.canonical import canonical_json, sha256_of
from matterzoo_schemas.card import Checkpoint

NOTHING = Needs(frozenset(), frozenset())


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("MATTERZOO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MATTERZOO_CACHE", str(tmp_path / "cache"))
    return Store()


def put(store: Store, content: bytes, name: str = "some.whl") -> str:
    """Put a file into the store, as if that had been long ago."""
    with store.scratch() as scratch:
        (scratch / name).write_bytes(content)
        digest = store.add(scratch / name)
    age(store._folder(digest))
    return digest


def age(folder: Path) -> None:
    long_ago = time.time() - 2 * YOUNG_SECONDS
    os.utime(folder, (long_ago, long_ago))


def test_every_hash_of_every_lock_is_needed(store: Store) -> None:
    found = needs([], store)
    for name in ("chgnet", "baselines"):
        for pin in read_lock(find_environment(name).lock("cpu")):
            assert pin.sha256s <= found.contents
    assert environment_path(find_environment("chgnet"), "cpu") in found.environments


def test_a_wheel_that_was_built_of_a_locked_source_is_needed(store: Store) -> None:
    (pin,) = [pin for pin in read_lock(find_environment("chgnet").lock("cpu")) if pin.name == "nvidia-ml-py3"]
    store.put_note("built", f"{min(pin.sha256s)}-3.11", "a" * 64)
    assert "a" * 64 in needs([], store).contents


def test_a_wheel_that_was_compiled_against_another_is_needed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, bar = tmp_path / "zoo" / "containers" / "compiled", put(store, b"bar", "bar-1.0-py3-none-any.whl")
    folder.mkdir(parents=True)
    head = 'name = "compiled"\nsummary = "foo is compiled"\npython = "3.11"\nsource_only = ["foo"]\n'
    (folder / "environment.toml").write_text(f'{head}[build]\nfoo = ["bar"]\n[variants.cpu]\n')
    (folder / "cpu.lock").write_text(f"bar==1.0 --hash=sha256:{bar}\nfoo==1.0 --hash=sha256:{'a' * 64}\n")
    monkeypatch.setenv("MATTERZOO_PATH", str(tmp_path / "zoo"))
    (foo,) = (pin for pin in find_environment("compiled").pins("cpu") if pin.name == "foo")
    store.put_note("built", str(built_note(foo, "a" * 64, "3.11", store)), "b" * 64)
    assert "b" * 64 in needs([], store).contents


def test_a_checkpoint_that_no_lock_pins_yet_is_needed_under_the_hash_it_was_fetched_with(store: Store) -> None:
    url, digest = "https://example.org/model.bin", "b" * 64
    store.put_note("checkpoints", sha256_of(url), digest)
    model = find("chgnet-0.3.0")
    model = replace(model, card=model.card.model_copy(update={"checkpoint": Checkpoint(source="url", url=url)}))
    assert digest in needs([model], store).contents


def test_every_file_of_a_checkpoint_that_is_a_folder_is_needed(store: Store) -> None:
    table = {"config.json": "c" * 64, "model.safetensors": "d" * 64}
    store.put_note("folders", sha256_of(table), canonical_json(table).decode())
    checkpoint = Checkpoint(source="huggingface", repo="a/b", files=("*",), sha256=sha256_of(table))
    model = find("chgnet-0.3.0")
    model = replace(model, card=model.card.model_copy(update={"checkpoint": checkpoint}))
    assert set(table.values()) <= needs([model], store).contents


def test_what_a_restored_archive_brought_is_needed(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "archives" / "0123"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"kept": ["wheels/a.whl"]}')
    (folder / "sha256sums").write_text(f"{'e' * 64}  wheels/a.whl\n{'f' * 64}  README.md\n")
    found = needs([], store).contents
    assert "e" * 64 in found
    assert "f" * 64 not in found


def test_only_what_is_unused_is_removed(store: Store) -> None:
    needed, unused = put(store, b"needed"), put(store, b"unused")
    found = holdings(Needs(frozenset({needed}), frozenset()), store)
    assert {holding.path.name: holding.used for holding in found} == {needed: True, unused: False}
    assert remove(found, store) > 0
    assert store.get(needed).read_bytes() == b"needed"
    assert store.find(unused) is None


def test_what_has_just_come_is_left_for_the_lock_that_may_be_about_to_name_it(store: Store) -> None:
    digest = put(store, b"just fetched")
    os.utime(store._folder(digest))
    assert all(holding.used for holding in holdings(NOTHING, store))


def test_a_virtual_environment_in_which_something_runs_is_left(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "environments" / "old-cpu"
    (folder / "bin").mkdir(parents=True)
    python = shutil.copyfile(shutil.which("cat") or sys.executable, folder / "bin" / "python")
    python.chmod(0o755)
    age(folder)
    with subprocess.Popen([python], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"x")
        assert process.stdout.read(1) == b"x"  # before it answers, the kernel may not show its command line yet
        assert [holding.used for holding in holdings(NOTHING, store)] == [True]
        process.stdin.close()
    assert [holding.used for holding in holdings(NOTHING, store)] == [False]


def test_what_two_environments_share_counts_once(store: Store, tmp_path: Path) -> None:
    folders = [tmp_path / "cache" / "environments" / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir(parents=True)
    (folders[0] / "torch.so").write_bytes(b"x" * 100_000)
    os.link(folders[0] / "torch.so", folders[1] / "torch.so")
    assert [holding.size > 0 for holding in holdings(NOTHING, store)] == [True, False]


@pytest.mark.slow
def test_gc_only_shows_what_it_would_remove_until_it_is_told_to(matterzoo, store: Store) -> None:
    digest = put(store, b"unused")
    code, stdout, stderr = matterzoo("gc")
    assert code == 0, stderr
    assert "some.whl" in stdout
    assert store.find(digest)
    assert matterzoo("gc", "--yes").code == 0
    assert store.find(digest) is None
    assert matterzoo("df").code == 0
