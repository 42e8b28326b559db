"""Schemas and adapters run inside containers, with whatever Python a model needs: the oldest and the newest are tried."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from matterzoo_harness.environments.interpreters import installed_python, uv

ROOT = Path(__file__).resolve().parents[1]
NEEDED = ("ase", "numpy", "platformdirs", "safetensors", "pydantic", "rdkit", "pytest", "pytest-timeout", "hypothesis")


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_schemas_and_worker_pass_their_tests_in_an_environment_of_their_own(version: str, tmp_path: Path) -> None:
    interpreter = installed_python(version)
    if interpreter is None:
        pytest.skip(f"absent real part: Python {version} (none is installed)")
    run(uv(), "venv", "--quiet", "--python", str(interpreter), str(tmp_path / "venv"))
    python = tmp_path / "venv" / "bin" / "python"
    run(uv(), "pip", "install", "--quiet", "--python", str(python), *NEEDED)
    done = run(
        str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/schemas", "tests/adapters",
        "-m", "not network and not slow", f"--basetemp={tmp_path / 'tests'}",
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'schemas'}:{ROOT / 'adapters'}:{ROOT / 'harness'}"},
    )  # fmt: skip
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed, done.stdout[-2000:]
    assert int(passed[1]) > 50


def run(*command: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done
