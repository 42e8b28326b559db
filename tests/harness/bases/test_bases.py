"""Bases: from pinned Debian packages, and from a registry."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_server import SmallServer, small_server

from matterzoo_harness.bases import debian, registry
from matterzoo_harness.bases.choice import base_pin, choose_base, ensure_base_image, fetch_base
from matterzoo_harness.bases.debian import Deb, fetch_debs, read_debs, suite_of
from matterzoo_harness.bases.debootstrap import make_root_archive
from matterzoo_harness.engine import connect
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

CONTENT = b"a package"
ONE = Deb("one", "1.0-1", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), "pool/main/o/one/one_1.0-1_all.deb")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallServer]:
    with small_server() as running:
        monkeypatch.setenv("MATTERZOO_DEBIAN_MIRROR", f"{running.url}/debian/")
        yield running


@pytest.mark.parametrize("suite", debian.SUITES.values())
def test_our_pins_are_sorted_hashed_and_name_no_mirror(suite: str) -> None:
    debs = read_debs(suite)
    assert [deb.name for deb in debs] == sorted(deb.name for deb in debs)
    assert all(len(deb.sha256) == 64 and deb.size > 0 and deb.path.startswith("pool/main/") for deb in debs)
    assert {"python3", "libc6", *debian.PACKAGES} <= {deb.name for deb in debs}


def test_a_python_that_no_suite_carries_is_refused() -> None:
    with pytest.raises(MatterzooError) as refusal:
        suite_of("3.9")
    assert refusal.value.code is ExitCode.BAD_CARD


def test_a_pinned_package_is_fetched_once(mirror: SmallServer, store: Store) -> None:
    mirror.files[f"/debian/{ONE.path}"] = CONTENT
    fetch_debs([ONE], "bookworm", store)
    fetch_debs([ONE], "bookworm", store)
    assert store.get(ONE.sha256).name == "one_1.0-1_all.deb"
    assert len(mirror.asked) == 1


def test_a_pinned_package_that_the_mirror_has_dropped_is_named(mirror: SmallServer, store: Store) -> None:
    with pytest.raises(MatterzooError, match=r"no longer carries one 1\.0-1") as refusal:
        fetch_debs([ONE], "bookworm", store)
    assert "matterzoo lock bookworm" in refusal.value.hint


def test_another_package_than_the_pinned_one_is_refused(mirror: SmallServer, store: Store) -> None:
    mirror.files[f"/debian/{ONE.path}"] = b"something else"
    with pytest.raises(MatterzooError) as refusal:
        fetch_debs([ONE], "bookworm", store)
    assert refusal.value.code is ExitCode.DIGEST_MISMATCH


def test_a_machine_that_knows_no_mirror_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MATTERZOO_DEBIAN_MIRROR", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(MatterzooError) as refusal:
        debian.mirror()
    assert "MATTERZOO_DEBIAN_MIRROR" in refusal.value.hint


def test_a_package_beyond_the_pins_is_refused(store: Store, tmp_path: Path) -> None:
    if shutil.which("mmdebstrap") is None:
        pytest.skip("absent real part: mmdebstrap (apt-get install mmdebstrap)")
    with pytest.raises(MatterzooError, match="does not pin libmissing"):
        make_root_archive([ONE], "bookworm", ["libmissing"], store, tmp_path / "root.tar")


def test_the_pin_of_a_base_changes_with_its_packages(store: Store) -> None:
    pins = {
        base_pin("debootstrap", python, extra, store) for python in ("3.11", "3.13") for extra in ((), ("libxrender1",))
    }
    assert len(pins) == 4


def test_a_registry_base_that_was_not_fetched_has_no_pin(store: Store) -> None:
    with pytest.raises(MatterzooError) as refusal:
        base_pin("registry", "3.11", (), store)
    assert refusal.value.code is ExitCode.INPUT_MISSING


def test_where_no_registry_answers_the_base_is_made_of_debian_packages(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATTERZOO_REGISTRY", "127.0.0.1:9/library")
    assert choose_base("3.11", store) == "debootstrap"


def test_a_base_that_there_is_not_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATTERZOO_BASE", "alpine")
    with pytest.raises(MatterzooError) as refusal:
        choose_base("3.11", store)
    assert refusal.value.code is ExitCode.USAGE


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize(("python", "suite"), debian.SUITES.items())
def test_a_root_is_made_without_network_and_twice_the_same(python: str, suite: str, tmp_path: Path) -> None:
    if shutil.which("mmdebstrap") is None or os.geteuid() != 0:
        pytest.skip("absent real part: mmdebstrap as root (apt-get install mmdebstrap)")
    store, debs = Store(), read_debs(suite)
    fetch_debs(debs, suite, store)
    archives = [tmp_path / "first.tar", tmp_path / "second.tar"]
    for archive in archives:
        make_root_archive(debs, suite, (), store, archive)
    with tarfile.open(archives[0]) as archive:
        assert f"./usr/bin/python{python}" in archive.getnames()
    assert archives[0].read_bytes() == archives[1].read_bytes()


@pytest.fixture
def real_registry(tmp_path: Path) -> Iterator[str]:
    """Debian's docker-registry, on 127.0.0.1."""
    if shutil.which("docker-registry") is None:
        pytest.skip("absent real part: a registry (apt-get install docker-registry)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    settings = tmp_path / "registry.yml"
    settings.write_text(
        json.dumps(
            {
                "version": 0.1,
                "log": {"level": "error"},
                "storage": {"filesystem": {"rootdirectory": str(tmp_path / "registry")}},
                "http": {"addr": address},
            }
        )
    )
    server = subprocess.Popen(
        ["docker-registry", "serve", settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(address.rpartition(":")[2]))) == 0:
                    break
            time.sleep(0.1)
        yield address
    finally:
        server.kill()
        server.wait()


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.network
def test_a_base_is_pulled_recorded_by_digest_kept_and_used_without_the_registry(
    real_registry: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_base("3.11", Store())
    client = connect()
    made = ensure_base_image(client, "debootstrap", "3.11", (), Store())
    pushed = f"{real_registry}/library/python"
    monkeypatch.setenv("MATTERZOO_REGISTRY", f"{real_registry}/library")
    try:
        client.images.get(made).tag(pushed, tag="3.11-slim-bookworm")
        client.images.push(pushed, tag="3.11-slim-bookworm")
        assert registry.answers()
        assert choose_base("3.11", store) == "registry"
        fetch_base("3.11", store)
        digest = registry.fetched_digest("3.11", store)
        assert digest is not None
        assert digest.startswith("sha256:")
        assert base_pin("registry", "3.11", (), store) == f"registry:{digest}"
        monkeypatch.setenv("MATTERZOO_OFFLINE", "1")
        fetch_base("3.11", store)  # it is there: nothing to ask for
        client.images.remove(f"{pushed}:3.11-slim-bookworm")
        loaded = ensure_base_image(client, "registry", "3.11", (), store)
        ran = client.containers.run(loaded, ["python3", "--version"], remove=True, network_mode="none")
        assert ran.startswith(b"Python 3.11")
    finally:
        for image in client.images.list(pushed):
            client.images.remove(image.tags[0])
