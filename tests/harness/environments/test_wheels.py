"""The wheels of a lock: chosen, fetched from an index, checked, built where there is none, installed offline."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_wheels import make_source, make_wheel, pin
from small_server import SmallServer, small_server

from matterzoo_harness.environments.interpreters import find_python
from matterzoo_harness.environments.lockfile import Pin, parse_lock
from matterzoo_harness.environments.sealed import build_sources, fetch_tools
from matterzoo_harness.environments.tags import fits
from matterzoo_harness.environments.venvs import create_venv
from matterzoo_harness.environments.wheels import fetch_wheels, require_wheels, stored_wheels
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

PYTHON = "3.11"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallServer]:
    """An index of our own, the only one that pip is configured with."""
    with small_server() as running:
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_INDEX_URL", f"{running.url}/simple")
        monkeypatch.setenv("PIP_RETRIES", "0")
        for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
            monkeypatch.delenv(name, raising=False)
        yield running


def publish(index: SmallServer, folder: Path, name: str, version: str = "1.0", **options: str) -> Pin:
    wheel, sha256 = make_wheel(folder, name, version, **options)
    index.files[f"/files/{wheel.name}"] = wheel.read_bytes()
    index.index(name, {wheel.name: sha256})
    return parse_lock(pin(name, version, sha256), "test")[0]


def publish_source(index: SmallServer, folder: Path, name: str, setup: str = "") -> Pin:
    source, sha256 = make_source(folder, name, "1.0", setup)
    index.files[f"/files/{source.name}"] = source.read_bytes()
    index.index(name, {source.name: sha256})
    return parse_lock(pin(name, "1.0", sha256), "test")[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a-1.0-py3-none-any.whl", True),
        ("a-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", True),
        ("a-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", True),
        ("a-1.0-cp38-abi3-manylinux_2_24_x86_64.whl", True),
        ("a-1.0-cp311-cp311-manylinux_2_34_x86_64.whl", False),
        ("a-1.0-cp313-cp313-manylinux_2_28_x86_64.whl", False),
        ("a-1.0-cp311-cp311-musllinux_1_2_x86_64.whl", False),
        ("a-1.0-cp311-cp311-macosx_11_0_arm64.whl", False),
        ("a-1.0.tar.gz", False),
    ],
)
def test_a_wheel_fits_one_python_and_one_platform(name: str, expected: bool) -> None:
    assert fits(name, PYTHON) is expected


def test_wheels_are_fetched_checked_and_kept(index: SmallServer, store: Store, tmp_path: Path) -> None:
    pins = [publish(index, tmp_path, name) for name in ("one", "two", "three", "four", "five")]
    fetch_wheels(pins, PYTHON, (), store)
    assert [wheel.pin for wheel in require_wheels(pins, PYTHON, store, "")] == pins


def test_what_is_in_the_store_is_not_asked_for_again(index: SmallServer, store: Store, tmp_path: Path) -> None:
    pins = [publish(index, tmp_path, "one")]
    fetch_wheels(pins, PYTHON, (), store)
    index.asked.clear()
    fetch_wheels([*pins, publish(index, tmp_path, "two")], PYTHON, (), store)
    assert not [path for _, path, _ in index.asked if "/one" in path]


def test_a_file_that_is_not_the_locked_one_is_refused(index: SmallServer, store: Store, tmp_path: Path) -> None:
    publish(index, tmp_path, "one")
    other = parse_lock(pin("one", "1.0", "f" * 64), "test")
    with pytest.raises(MatterzooError) as refusal:
        fetch_wheels(other, PYTHON, (), store)
    assert refusal.value.code is ExitCode.DIGEST_MISMATCH
    assert stored_wheels(other, PYTHON, store) == ([], other)


def test_a_package_that_only_has_a_source_is_refused_unless_it_is_declared(
    index: SmallServer, store: Store, tmp_path: Path
) -> None:
    pins = [publish_source(index, tmp_path, "one", "import sys; sys.exit('it ran')")]
    with pytest.raises(MatterzooError) as refusal:
        fetch_wheels(pins, PYTHON, (), store)
    assert refusal.value.code is ExitCode.BAD_CARD
    assert "source_only" in refusal.value.hint


def test_fetching_a_source_runs_nothing_of_it(index: SmallServer, store: Store, tmp_path: Path) -> None:
    ran = tmp_path / "it-ran"
    pins = [publish_source(index, tmp_path, "one", f"open({str(ran)!r}, 'w')")]
    fetch_wheels(pins, PYTHON, ("one",), store)
    assert store.find(next(iter(pins[0].sha256s))) is not None
    assert not ran.exists()


def test_an_index_that_cannot_be_reached_is_said(
    store: Store, tmp_path: Path, index: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = [publish(index, tmp_path, "one")]
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(MatterzooError) as refusal:
        fetch_wheels(pins, PYTHON, (), store)
    assert refusal.value.code is ExitCode.INPUT_MISSING


def test_offline_names_what_is_missing_and_asks_nobody(
    index: SmallServer, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = [publish(index, tmp_path, "one")]
    monkeypatch.setenv("MATTERZOO_OFFLINE", "1")
    with pytest.raises(MatterzooError, match=r"one==1\.0"):
        fetch_wheels(pins, PYTHON, (), store)
    assert index.asked == []


def test_a_wheel_for_another_python_in_the_store_does_not_count(
    index: SmallServer, store: Store, tmp_path: Path
) -> None:
    found = publish(index, tmp_path, "one", tag="cp313-cp313-manylinux_2_17_x86_64")
    fetch_wheels([found], "3.13", (), store)
    assert stored_wheels([found], PYTHON, store) == ([], [found])


def test_an_environment_is_made_of_stored_wheels_without_network(
    index: SmallServer, store: Store, tmp_path: Path
) -> None:
    pins = [publish(index, tmp_path, "one"), publish(index, tmp_path, "two", content="import one")]
    fetch_wheels(pins, PYTHON, (), store)
    index.asked.clear()
    create_venv(tmp_path / "venv", find_python(PYTHON), require_wheels(pins, PYTHON, store, ""))
    code = "import two, sys; print(two.one.VERSION, [p for p in sys.path if 'site-packages' in p])"
    done = subprocess.run([tmp_path / "venv/bin/python", "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "1.0"
    assert done.stdout.count("site-packages") == 1
    assert index.asked == []


@pytest.mark.network
def test_a_source_is_built_once_with_the_network_cut_and_always_to_the_same_bytes(
    index: SmallServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = (
        "import socket\n"
        "try:\n"
        f"    socket.create_connection(('127.0.0.1', {index.url.rpartition(':')[2]}), 2)\n"
        "    raise SystemExit('there is a network')\n"
        "except OSError:\n"
        "    pass"
    )
    pins = [publish_source(index, tmp_path, "one", tries)]
    built = []
    for number in ("first", "second"):
        store = Store(tmp_path / number)
        fetch_wheels(pins, PYTHON, ("one",), store)
        with monkeypatch.context() as patch:
            patch.undo()
            patch.delenv("PIP_INDEX_URL", raising=False)
            patch.delenv("PIP_CONFIG_FILE", raising=False)
            fetch_tools(PYTHON, store)
        said: list[str] = []
        build_sources(pins, PYTHON, ("one",), store, said.append)
        build_sources(pins, PYTHON, ("one",), store, said.append)
        assert len(said) == 1
        built.append(require_wheels(pins, PYTHON, store, "")[0].sha256)
    assert built[0] == built[1]
