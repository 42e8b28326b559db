"""What a user sees of a run, start to end: the picture, the failures, the JSON, the notebook."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_records import named

from matterzoo_harness.readers import read
from matterzoo_schemas.exit_codes import ExitCode
from matterzoo_schemas.shard import Embeddings

pytestmark = [pytest.mark.model_env, pytest.mark.usefixtures("private_zoo", "plain_environment")]

XYZ = """3
name=water
O 0.0 0.0 0.0
H 0.96 0.0 0.0
H -0.24 0.93 0.0
2
name=uranium-oxide
U 0.0 0.0 0.0
O 1.8 0.0 0.0
2
name=raise-1
C 0.0 0.0 0.0
O 1.13 0.0 0.0
2
name=nitrogen
N 0.0 0.0 0.0
N 1.1 0.0 0.0
2
name=hydrogen
H 0.0 0.0 0.0
H 0.74 0.0 0.0
"""


@pytest.fixture
def my_xyz(tmp_path: Path) -> Path:
    (tmp_path / "my.xyz").write_text(XYZ)
    return tmp_path / "my.xyz"


def test_a_run_says_where_the_file_is_what_failed_and_how_to_open_it(
    matterzoo: Any, my_xyz: Path, tmp_path: Path
) -> None:
    code, stdout, stderr = matterzoo("run", "mischief", my_xyz, "--runtime", "venv")
    assert code == ExitCode.FAILED_RECORDS
    file = tmp_path / "embeddings" / "my" / "mischief.safetensors"
    assert "mischief: 3 of 5 records embedded" in stdout
    assert f"file    {file}" in stdout
    assert "last: 5 × 4 float32" in stdout
    assert "uranium-oxide: unsupported, U (92) is not among the model's elements" in stdout
    assert "raise-1: error, ValueError: this record is poisoned" in stdout
    assert f'mz.load("{file}")' in stdout
    assert "principal components" in stdout
    assert "\x1b" not in stdout + stderr, "plain lines in a pipe"
    assert stderr.count("mischief: 5 records in ") == 1, "said once, though the poisoned batch was run again"
    answer = Embeddings.open(file)
    assert answer.ok.tolist() == [True, False, False, True, True]

    again = matterzoo("run", "mischief", my_xyz, "--runtime", "venv")
    assert again.code == ExitCode.FAILED_RECORDS, "failed records stay failed"
    assert "all done before" in again.stdout
    assert "loading" not in again.stderr, "no model was started"


def test_the_json_says_what_the_file_says(matterzoo: Any, my_xyz: Path) -> None:
    code, stdout, _ = matterzoo("run", "mischief", my_xyz, "-o", "out", "--runtime", "venv", "--json")
    assert code == ExitCode.FAILED_RECORDS
    (content,) = json.loads(stdout)
    answer = Embeddings.open(Path(content["file"]))
    assert content["layers"] == {"last": list(answer.layers["last"].pooled.shape)}
    assert (content["records"], content["ok"]) == (len(answer), int(answer.ok.sum()))
    assert {failure["id"]: failure["reason"] for failure in content["failed"]} == {
        answer.ids[row]: answer.reason[row] for row in np.flatnonzero(~answer.ok)
    }


def test_without_an_input_a_sample_is_embedded(matterzoo: Any, tmp_path: Path) -> None:
    code, stdout, stderr = matterzoo("run", "trivial", "--runtime", "venv", "--json")
    assert code == ExitCode.FAILED_RECORDS, stderr  # the model knows four elements, the sample more
    (content,) = json.loads(stdout)
    assert content["records"] == len(read("sample:crystals").records)
    assert content["file"] == str(tmp_path / "embeddings" / "crystals" / "trivial.safetensors")


def test_several_models_run_side_by_side_and_are_proved_to_match(matterzoo: Any, tmp_path: Path) -> None:
    named(["a", "raise-1", "b", "c"]).write(tmp_path / "r.safetensors")
    code, stdout, stderr = matterzoo(
        "embed", "r.safetensors", "-m", "trivial,mischief", "-o", "out", "--runtime", "venv", "--json"
    )
    assert code == ExitCode.FAILED_RECORDS, stderr
    assert [content["model"] for content in json.loads(stdout)] == ["trivial", "mischief"]
    code, stdout, _ = matterzoo("gather", "out", "--json")
    assert code == 0
    proof = json.loads(stdout)
    assert (proof["records"], proof["common"]) == (4, 3)
    assert set(proof["models"]) == {"trivial", "mischief"}
    one, two = (Embeddings.open(tmp_path / "out" / f"{name}.safetensors") for name in ("trivial", "mischief"))
    np.testing.assert_array_equal(one.layers["last"].pooled, two.layers["last"].pooled)


def test_one_model_that_cannot_load_costs_the_others_nothing(matterzoo: Any, tmp_path: Path) -> None:
    named(["a", "b"]).write(tmp_path / "r.safetensors")
    code, _, stderr = matterzoo("embed", "r.safetensors", "-m", "misloaded,trivial", "-o", "out", "--runtime", "venv")
    assert code == ExitCode.MODEL_CRASHED
    assert "misloaded: " in stderr
    assert Embeddings.open(tmp_path / "out" / "trivial.safetensors").ok.all()
    assert not (tmp_path / "out" / "misloaded.safetensors").exists()


NOTEBOOK = """
import matterzoo as mz
from ase.build import molecule
names = ["H2O", "CO", "N2"]
answer = mz.embed("trivial", [molecule(name) for name in names], ids=names, runtime="venv", progress=False)
vectors = answer.layers["last"].pooled[answer.ok]
assert list(answer.ids) == names, list(answer.ids)
assert vectors.shape == (3, 4)
assert answer.energy[0] == -10
try:
    mz.embed("trivail", [molecule("CO")])
except Exception as error:
    print(error)
kept = mz.embed("trivial", [molecule("CO")], runtime="venv", out="kept")
assert mz.load("kept/trivial.safetensors").layers["last"].pooled.tolist() == kept.layers["last"].pooled.tolist()
print("the notebook is done")
"""


def test_a_notebook_gets_arrays_and_reads_its_errors(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", NOTEBOOK], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "did you mean trivial?" in done.stdout
    assert done.stdout.endswith("the notebook is done\n")


def test_a_gpu_that_is_wanted_and_absent_ends_the_run(matterzoo: Any, my_xyz: Path) -> None:
    code, _, stderr = matterzoo("run", "mischief", my_xyz, "-o", "out", "--runtime", "venv", "--device", "cuda")
    assert code == ExitCode.GPU_UNUSABLE
    assert "CPU only" in stderr
