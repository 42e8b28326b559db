"""What a model can reach from inside its container: nothing but its input and its output."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from witness import QUESTIONS

import matterzoo as mz

ONE_ATOM = "1\nname=one\nH 0 0 0\n"


def answers(matterzoo, folder: Path, runtime: str) -> dict[str, bool]:
    source = folder / "one.xyz"
    source.write_text(ONE_ATOM)
    code, _, stderr = matterzoo("run", "witness", source, "-o", folder / runtime, "--runtime", runtime)
    assert code == 0, stderr
    vector = mz.load(folder / runtime / "witness.safetensors").layers["answers"].pooled[0]
    return dict(zip(QUESTIONS, np.asarray(vector, bool).tolist(), strict=True))


@pytest.fixture(autouse=True)
def secrets(private_zoo, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "a token that must not enter")
    monkeypatch.setenv("MY_SECRET", "a secret that must not enter")


@pytest.mark.engine
def test_a_container_has_no_network_no_writable_root_no_root_user_and_no_inherited_environment(matterzoo, tmp_path):
    assert answers(matterzoo, tmp_path, "docker") == dict.fromkeys(QUESTIONS, False)


@pytest.mark.model_env
@pytest.mark.usefixtures("plain_environment")
def test_the_witness_can_say_yes_a_virtual_environment_isolates_packages_and_not_code(matterzoo, tmp_path):
    seen = answers(matterzoo, tmp_path, "venv")
    assert seen["new privileges"]
    assert seen["root user"] == (os.geteuid() == 0)
    assert not seen["inherited variable"], "no runtime hands the caller's variables on"
