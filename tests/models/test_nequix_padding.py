"""Nequix's graphs are filled up to few sizes, which changes nothing; and a saved model is loaded whole."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from model_environments import environment_python, inside, setup_of

from matterzoo_harness.cards import read_card

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.model_env, pytest.mark.slow, pytest.mark.xdist_group("nequix-random")]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Any:
    """Return what was measured in Nequix's own environment."""
    card = read_card(ROOT / "zoo" / "models" / "nequix-random" / "card.toml")
    folder = tmp_path_factory.mktemp("nequix")
    (folder / "setup.json").write_text(json.dumps(setup_of(card)))
    script = Path(__file__).parent / "inside" / "nequix_padding.py"
    line = [environment_python("nequix"), script, folder / "setup.json", folder / "answer.json"]
    ended = subprocess.run(line, env=inside(), cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stderr[-4000:]
    return json.loads((folder / "answer.json").read_text())


def test_what_is_filled_up_changes_no_vector(measured: Any) -> None:
    atoms, nodes, more_nodes, edges, more_edges = measured["sizes"]
    assert atoms < nodes < more_nodes
    assert edges < more_edges
    assert measured["padding"] < 1e-6


def test_few_shapes_are_compiled_for_many_structures(measured: Any) -> None:
    assert measured["shapes"] <= measured["structures"] / 2


def test_a_saved_model_is_loaded_whole_whatever_the_seed(measured: Any) -> None:
    saved, loaded = measured["fingerprints"]
    assert saved == loaded
    assert measured["loaded"] == 0.0
