"""From a bare Python to the right lock, and the host's locks themselves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_server import SmallServer, small_server

from matterzoo_harness import bootstrap
from matterzoo_harness.environments.lockfile import read_lock

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("cpu.lock", "cuda.lock", "tests/cpu.lock")


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SmallServer]:
    """A machine without a GPU and without a wheel folder, whose PyTorch index is this one."""
    with small_server() as running:
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
        monkeypatch.setenv("MATTERZOO_TORCH_INDEX", f"{running.url}/whl/cpu")
        monkeypatch.setenv("PATH", str(tmp_path))
        yield running


def serve_torch(index: SmallServer, sha256: str) -> None:
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    name = f"torch-2.13.0%2Bcpu-{tag}-{tag}-manylinux_2_28_x86_64.whl"
    index.files["/whl/cpu/torch/"] = f'<a href="{name}#sha256={sha256}">torch</a>'.encode()


def locked_torch() -> str:
    return next(iter(next(pin for pin in read_lock(ROOT / "cpu.lock") if pin.name == "torch").sha256s))


def test_the_cpu_lock_is_taken_where_its_very_torch_can_be_had(index: SmallServer) -> None:
    serve_torch(index, locked_torch())
    lock, links, reason = bootstrap.choose_lock()
    assert lock.name == "cpu.lock"
    assert links == ["--find-links", f"{index.url}/whl/cpu/torch/"]
    assert index.url in reason


def test_another_torch_of_the_same_version_is_not_taken_for_the_locked_one(index: SmallServer) -> None:
    serve_torch(index, "f" * 64)
    lock, _, _ = bootstrap.choose_lock()
    assert lock.name == "cuda.lock"


def test_where_no_cpu_build_can_be_had_the_cuda_lock_is_taken_and_that_is_said(index: SmallServer) -> None:
    lock, links, reason = bootstrap.choose_lock()
    assert (lock.name, links) == ("cuda.lock", [])
    assert "runs on the CPU too" in reason


def test_a_gpu_takes_the_cuda_lock_by_itself(index: SmallServer, tmp_path: Path) -> None:
    serve_torch(index, locked_torch())
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho 'GPU 0: a GPU (UUID: GPU-0)'\n")
    driver.chmod(0o755)
    lock, _, reason = bootstrap.choose_lock()
    assert lock.name == "cuda.lock"
    assert "GPU" in reason


def test_a_driver_that_shows_no_gpu_is_no_gpu(index: SmallServer, tmp_path: Path) -> None:
    serve_torch(index, locked_torch())
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho 'No devices were found'; exit 6\n")
    driver.chmod(0o755)
    assert bootstrap.choose_lock()[0].name == "cpu.lock"


def test_a_python_that_is_too_old_is_told_so(tmp_path: Path) -> None:
    old = tmp_path / "python3.11"
    old.write_text("#!/bin/sh\necho 3 9\n")
    old.chmod(0o755)
    code = (
        "import sys\n"
        "from matterzoo_harness import bootstrap\n"
        f"sys.executable = {str(old)!r}\n"
        "bootstrap.find_interpreter()\n"
    )
    environment = {"PATH": str(tmp_path), "PYTHONPATH": str(ROOT / "harness")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "matterzoo needs Python 3.11 or newer" in done.stderr


def test_the_bootstrap_imports_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import matterzoo_harness.bootstrap, matterzoo_harness.torch_builds, matterzoo_harness.pip_settings\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(name for name in new if name not in sys.stdlib_module_names))"
    )
    environment = {"PYTHONPATH": str(ROOT / "harness")}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['matterzoo_harness']"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_of_the_host_names_no_place(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert "/" not in text


def test_the_tests_are_locked_to_the_hosts_own_versions() -> None:
    host = {pin.name: pin.version for pin in read_lock(ROOT / "cpu.lock") if pin.name != "numpy"}
    tests = {pin.name: pin.version for pin in read_lock(ROOT / "tests/cpu.lock")}
    assert {name: tests[name] for name in tests.keys() & host.keys()} == {
        name: host[name] for name in tests.keys() & host.keys()
    }


def test_the_hosts_locks_hold_every_dependency_that_is_declared() -> None:
    from matterzoo_harness.environments.host import host_requirements

    declared = {line.partition(">")[0].partition("=")[0].strip() for line in host_requirements(ROOT)}
    for name in ("cpu.lock", "cuda.lock"):
        assert declared <= {pin.name for pin in read_lock(ROOT / name)}
