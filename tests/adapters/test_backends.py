"""Every framework gives the same answers about seed, copies, memory and a GPU that is not there: asked where it lives."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from matterzoo_adapters.backends import backend
from matterzoo_schemas.exit_codes import ExitCode

pytest.importorskip("torch")  # schemas and adapters are tested where there is none, too
SCRIPT = Path(__file__).parent / "inside" / "ask_backend.py"
ENVIRONMENTS = {"jax": "nequix", "tensorflow": "grace"}
IN_THEIR_OWN = [
    pytest.param(name, marks=[pytest.mark.model_env, pytest.mark.slow, pytest.mark.xdist_group(name)])
    for name in ENVIRONMENTS
]
every_backend = pytest.mark.parametrize("name", ["none", "torch", *IN_THEIR_OWN])


@pytest.fixture(scope="module")
def asked(isolated: None, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a backend's answers, given once in a process of their own."""
    from model_environments import environment_python, inside

    @cache
    def ask(name: str) -> dict[str, Any]:
        python = environment_python(ENVIRONMENTS[name]) if name in ENVIRONMENTS else Path(sys.executable)
        variables = inside(tmp_path_factory.mktemp("home")) | {"CUDA_VISIBLE_DEVICES": ""}
        line = [python, SCRIPT, name]
        ended = subprocess.run(line, env=variables, capture_output=True, text=True, timeout=300, check=False)
        assert ended.returncode == 0, ended.stderr[-4000:]
        return json.loads(ended.stdout.splitlines()[-1])

    return ask


@every_backend
def test_the_same_seed_draws_the_same_numbers_and_another_seed_others(asked: Any, name: str) -> None:
    once, again, another = asked(name)["draws"]
    assert once == again
    assert once != another


@every_backend
def test_numbers_arrive_in_a_type_that_numpy_knows(asked: Any, name: str) -> None:
    assert asked(name)["dtype"] == "float32"
    assert asked(name)["third"] == pytest.approx(1 / 3, abs=2**-9)


@every_backend
def test_exhausted_memory_is_told_from_other_errors(asked: Any, name: str) -> None:
    assert asked(name)["exhausted"]
    assert not asked(name)["another_error"]


@every_backend
def test_a_gpu_that_is_not_there_is_never_the_cpu_in_silence(asked: Any, name: str) -> None:
    assert asked(name)["without_gpu"] == ExitCode.GPU_UNUSABLE


@every_backend
def test_memory_and_versions_are_told(asked: Any, name: str) -> None:
    assert asked(name)["peak_memory_mb"] > 10
    assert set(asked(name)["versions"]) == {"numpy"} | ({name} - {"none"})


@pytest.mark.parametrize("name", [name for name in ENVIRONMENTS if find_spec(name) is None])
def test_a_framework_that_is_not_installed_is_named(name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=f"No module named '{name}'"):
        backend(name)
