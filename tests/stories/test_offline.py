"""Store, locks and recipes are all it takes: in an empty home, with the network cut, the same bytes come out."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from damage import flip_bit
from no_network import matterzoo_without_network, needs_namespaces

from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.environments.wheels import require_wheels
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import ExitCode

STRUCTURES = "".join(f"2\nname=pair-{n}\nC 0 0 0\nO 0 0 {1.0 + n / 10}\n" for n in range(5))


@pytest.fixture
def structures(tmp_path: Path) -> Path:
    file = tmp_path / "pairs.xyz"
    file.write_text(STRUCTURES)
    return file


@pytest.fixture
def moved_home(tmp_path: Path, private_zoo: Path, matterzoo, request: pytest.FixtureRequest) -> Path:
    """A home that holds a copy of the store, and nothing else, after everything was fetched."""
    needs_namespaces()
    code, _, stderr = matterzoo("fetch", "trivial", "--runtime", request.param)
    assert code == 0, stderr
    home = tmp_path / "another-home"
    shutil.copytree(Path(os.environ["MATTERZOO_HOME"]) / "store", home / "store")
    return home


@pytest.mark.model_env
@pytest.mark.usefixtures("plain_environment")
@pytest.mark.parametrize("moved_home", ["venv"], indirect=True)
def test_a_virtual_environment_made_without_network_gives_the_same_bytes(matterzoo, structures, moved_home, tmp_path):
    compare("venv", matterzoo, structures, moved_home, tmp_path)


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.parametrize("moved_home", ["docker"], indirect=True)
def test_an_image_built_without_network_gives_the_same_bytes(matterzoo, structures, moved_home, tmp_path):
    compare("docker", matterzoo, structures, moved_home, tmp_path)


@pytest.mark.model_env
@pytest.mark.usefixtures("plain_environment")
@pytest.mark.parametrize("moved_home", ["venv"], indirect=True)
def test_fetch_offline_reads_every_byte_and_names_what_is_missing_or_damaged(
    matterzoo, moved_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("fetch", "trivial", "--runtime", "venv", "--offline")
    said = matterzoo_without_network(*asked, home=moved_home, cache=tmp_path / "cache")
    assert "nothing is missing" in said
    monkeypatch.setenv("MATTERZOO_HOME", str(moved_home))
    plain = find_environment("plain")
    wheels = require_wheels(plain.pins("cpu"), plain.environment.python, Store(moved_home / "store"), "")
    (wheel,) = (wheel.path for wheel in wheels if wheel.pin.name == "numpy")
    wheel.chmod(0o644)
    flip_bit(wheel, wheel.stat().st_size - 1)
    code, _, stderr = matterzoo(*asked)
    assert code == ExitCode.DIGEST_MISMATCH
    assert str(wheel) in stderr
    shutil.rmtree(wheel.parent)
    code, _, stderr = matterzoo(*asked)
    assert code == ExitCode.INPUT_MISSING
    assert "numpy==" in stderr


def compare(runtime: str, matterzoo, structures: Path, home: Path, folder: Path) -> None:
    code, _, stderr = matterzoo("run", "trivial", structures, "-o", folder / "here", "--runtime", runtime)
    assert code == 0, stderr
    if runtime == "docker":
        forget_images()
        matterzoo_without_network("build", "trivial", home=home, cache=folder / "empty-cache")
    matterzoo_without_network(
        "run",
        "trivial",
        structures,
        "-o",
        folder / "there",
        "--runtime",
        runtime,
        home=home,
        cache=folder / "empty-cache",
    )
    here, there = ((folder / place / "trivial.safetensors").read_bytes() for place in ("here", "there"))
    assert here == there


def forget_images() -> None:
    """Remove the images that the model was made of, so that they must be built anew, base and all."""
    images = subprocess.run(
        ["docker", "images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=matterzoo/*"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    ours = [name for name in images if "/trivial:" in name or "environment:plain" in name or "/base:bookworm" in name]
    subprocess.run(["docker", "image", "rm", "--force", *ours], capture_output=True, check=True)
