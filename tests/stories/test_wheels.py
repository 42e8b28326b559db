"""Three wheels in an empty environment, far from any checkout, do what a checkout does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from matterzoo_harness.environments.interpreters import uv
from matterzoo_harness.pip_settings import read_pip_settings, uv_environment

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, cwd: Path, expected: int = 0) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False,
        env=environment | uv_environment(read_pip_settings()),
    )  # fmt: skip
    assert done.returncode == expected, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The folder of an environment that holds our three wheels and the packages of the host's lock."""
    folder = tmp_path_factory.mktemp("elsewhere")
    wheels = folder / "wheels"
    for distribution in ("schemas", "adapters", "."):
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", wheels, ROOT / distribution, cwd=folder)
    packages = run(uv(), "pip", "freeze", "--python", sys.executable, "--exclude-editable", cwd=folder)
    (folder / "packages.txt").write_text(packages)
    run(uv(), "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    install = [uv(), "pip", "install", "--quiet", "--no-deps", "--python", python]
    run(*install, "-r", folder / "packages.txt", cwd=folder)
    run(*install, *sorted(wheels.glob("*.whl")), cwd=folder)
    return folder


@pytest.mark.slow
@pytest.mark.network
def test_wheels_pass_the_story_of_a_checkout(installed):
    matterzoo = installed / "venv" / "bin" / "matterzoo"
    models = json.loads(run(matterzoo, "list", "--json", cwd=installed))
    ours = {path.parent.name for path in (ROOT / "zoo" / "models").glob("*/card.toml")}
    assert {model["id"] for model in models} == ours
    info = json.loads(run(matterzoo, "info", "composition", "--json", cwd=installed))
    for place in (info["folder"], info["adapter"]):
        assert Path(place).is_relative_to(installed), "nothing may reach back into the checkout"
    answer = json.loads(
        run(
            matterzoo,
            "run",
            "composition",
            "sample:crystals",
            "-o",
            "out",
            "--runtime",
            "venv",
            "--json",
            cwd=installed,
        )
    )
    assert answer[0]["ok"] == answer[0]["records"] >= 150
    proof = json.loads(run(matterzoo, "gather", "out", "--json", cwd=installed))
    assert proof["common"] == answer[0]["records"]
    script = "import matterzoo as mz; a = mz.load('out/composition.safetensors'); print(a.layers['elements'].pooled.shape[1])"
    assert run(installed / "venv" / "bin" / "python", "-c", script, cwd=installed).strip() == "118"
