"""The Python of a model's own environment, made from its hashed lock as the venv runtime makes it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.provision import fetch_environment
from matterzoo_harness.runtimes.venv import create_environment
from matterzoo_harness.store import Store
from matterzoo_schemas.card import ModelCard
from matterzoo_schemas.exit_codes import MatterzooError

ROOT = Path(__file__).resolve().parents[2]
NAMED = "MATTERZOO_TEST_PYTHON_"
"""`MATTERZOO_TEST_PYTHON_CHGNET=/path/to/python` takes an environment that is there already."""
LARGE = "MATTERZOO_TEST_LARGE"
"""Set to 1 to run, on the CPU, the models too whose only lock brings CUDA's libraries: several GB an environment."""


def runs_here(card: ModelCard) -> bool:
    """Tell whether a model's environment is locked for the CPU, or for CUDA alone and asked for all the same."""
    folder = find_environment(card.environment)
    variant = folder.environment.variant_for("cpu")
    return (folder.path / f"{variant}.lock").is_file() and (variant == "cpu" or os.environ.get(LARGE) == "1")


@cache
def environment_python(name: str) -> Path:
    """Return the interpreter of an environment; leave the test out where its packages cannot be had."""
    if named := os.environ.get(f"{NAMED}{name.upper()}"):
        return Path(named)
    folder, store = find_environment(name), Store()
    variant = folder.environment.variant_for("cpu")
    try:
        fetch_environment(folder, variant, store)
    except MatterzooError as error:
        pytest.skip(f"absent real part: the package registries ({error.message.splitlines()[0]})")  # as in conftest
    return create_environment(folder, variant, store) / "bin" / "python"


def inside(home: Path) -> dict[str, str]:
    """Return the variables of a process in such an environment: our two distributions, one thread, nothing else.

    What a library keeps below its home (transformers: code of checkpoints, by name alone) is no other run's.
    """
    paths = ":".join(map(str, [ROOT / "schemas", ROOT / "adapters"]))
    return {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin", "HOME": str(home)}


def measured_inside(environment: str, script: str, given: Any, folder: Path, seconds: float = 600) -> Any:
    """Run a script of `tests/models/inside` in an environment, on something JSON-able, and return its answer."""
    (folder / "given.json").write_text(json.dumps(given))
    file = ROOT / "tests" / "models" / "inside" / script
    line = [environment_python(environment), file, folder / "given.json", folder / "answer.json"]
    ended = subprocess.run(
        line, env=inside(folder), cwd=folder, capture_output=True, text=True, timeout=seconds, check=False
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    return json.loads((folder / "answer.json").read_text())


def setup_of(card: ModelCard) -> dict[str, Any]:
    """What a worker would be told, with the card's own choices."""
    content = card.model_dump(mode="json")
    options = {name: option.value for name, option in card.options.items()}
    layers = [layer.name for layer in card.embedding.layers]
    return {"model": card.id, "card": content, "adapter": card.adapter, "layers": layers, "options": options}


def measured_once(
    cards: Mapping[str, ModelCard],
    script: str | Callable[[ModelCard], str],
    folders: pytest.TempPathFactory,
    given: Callable[[ModelCard], Any] = setup_of,
    seconds: float = 600,
) -> Callable[[str], Any]:
    """Return what measures a model by its id, in its own environment, when it is first asked for.

    Parameters
    ----------
    cards
        The models that can be asked for.
    script
        A file of `tests/models/inside`, or what names it for a card.
    folders
        Where each model gets a folder of its own.
    given
        What the script is told of a card.
    seconds
        How long it may take.
    """

    @cache
    def measure(model: str) -> Any:
        card = cards[model]
        file = script if isinstance(script, str) else script(card)
        return measured_inside(card.environment, file, given(card), folders.mktemp(model), seconds)

    return measure
