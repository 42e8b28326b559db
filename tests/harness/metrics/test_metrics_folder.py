"""A folder of embeddings in, a folder of results out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from metric_references import data
from safetensors.numpy import save_file

from matterzoo.cli.app import run_app
from matterzoo_harness.metrics import Comparison, MetricError, compare, load_embeddings
from matterzoo_harness.metrics.folder import compare_folder
from matterzoo_harness.metrics.presets import resolve
from matterzoo_schemas.columns import Strings
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.shard import Embeddings, Layer
from matterzoo_schemas.views import Structure

IDS = [f"r{i}" for i in range(150)]


def ours(folder: Path, model: str, vectors: np.ndarray, ids=IDS, failed=(), records="abc", layers=("last",)) -> None:
    status = np.zeros(len(ids), np.uint8)
    status[list(failed)] = 4
    vectors = vectors.astype(np.float32)
    vectors[list(failed)] = np.nan
    header = {"model": model, "records": records, "key": f"key of {model}", "random_weights": model == "m1"}
    strings = Strings.pack(ids), Strings.pack(["" if s == 0 else "it broke" for s in status])
    folder.mkdir(exist_ok=True)
    Embeddings(
        strings[0], {name: Layer(vectors) for name in layers}, status, strings[1], np.zeros(len(ids)), None, header
    ).write(folder / f"{model}.safetensors")


@pytest.fixture
def three():
    return data("shared", 150, (8, 16, 24))


@pytest.fixture
def folder(tmp_path, three):
    for name, x in three.items():
        ours(tmp_path / "emb", name, x, failed=(3,) if name == "m2" else ())
    return tmp_path / "emb"


def test_our_files_are_joined_by_id_without_their_failed_records(folder, three, tmp_path):
    preset = resolve("default", metrics=("cknna", "dcor"))
    result = compare_folder(folder, tmp_path / "out", preset)
    kept = [i for i in range(150) if i != 3]
    plain = compare(
        {name: x[kept].astype(np.float32) for name, x in three.items()}, [IDS[i] for i in kept], preset=preset
    )
    assert np.array_equal(result["cknna"], plain["cknna"])
    assert result.provenance["dropped"] == {"without a vector in some model": ["r3"]}
    assert result.provenance["content_keys"]["m0"] == "key of m0"
    assert "random weights: m1" in result.provenance["notes"]
    assert np.array_equal(compare(folder, preset=preset)["cknna"], result["cknna"])
    again = Comparison.from_folder(tmp_path / "out")
    assert np.array_equal(again["dcor"], result["dcor"])
    assert not (tmp_path / "out" / ".state").exists()


def test_each_layer_is_a_model_of_its_own(tmp_path, three):
    ours(tmp_path / "emb", "a", three["m0"], layers=("first", "last"))
    loaded = load_embeddings(tmp_path / "emb")
    assert sorted(loaded.embeddings) == ["a:first", "a:last"]
    assert loaded.energy["a:first"].shape == (150,)


def test_plain_arrays_come_as_npz_or_safetensors(tmp_path, three):
    np.savez(tmp_path / "a.npz", embeddings=three["m0"], ids=np.array(IDS))
    np.savez(tmp_path / "b.npz", embeddings=three["m1"], ids=np.array(IDS[::-1]))
    loaded = load_embeddings(tmp_path)
    assert loaded.ids == {"a": IDS, "b": IDS[::-1]}
    save_file({"embeddings": three["m2"]}, tmp_path / "c.safetensors")
    with pytest.raises(MetricError, match="c: no ids"):
        load_embeddings(tmp_path)


def test_a_folder_that_holds_nothing_useful_is_refused(tmp_path, three):
    with pytest.raises(MetricError, match="there is no folder"):
        load_embeddings(tmp_path / "nowhere")
    with pytest.raises(MetricError, match="there are no embeddings in"):
        load_embeddings(tmp_path)
    save_file({"weights": three["m0"]}, tmp_path / "c.safetensors")
    with pytest.raises(MetricError, match=r"no embeddings \(its tensors: weights\)"):
        load_embeddings(tmp_path)
    (tmp_path / "c.safetensors").write_bytes(b"nonsense")
    with pytest.raises(MetricError, match="is no safetensors file"):
        load_embeddings(tmp_path)
    (tmp_path / "c.safetensors").unlink()
    np.savez(tmp_path / "d.npz", x=three["m0"])
    with pytest.raises(MetricError, match="no array `embeddings`"):
        load_embeddings(tmp_path)


def test_equal_ids_of_different_data_are_refused(folder, three):
    ours(folder, "m3", three["m0"], records="another data set")
    with pytest.raises(MetricError, match="made from different data"):
        load_embeddings(folder)


KILLED = """
import os, sys, torch
torch.set_num_threads(1)
from matterzoo_harness.metrics.folder import compare_folder
from matterzoo_harness.metrics.presets import resolve
from matterzoo_harness.metrics import folder as door
door.strip_height = lambda *a: 16
seen = 0
def progress(name, done, total):
    global seen
    seen += 1
    if len(sys.argv) > 3 and seen == int(sys.argv[3]):
        os.kill(os.getpid(), 9)
compare_folder(sys.argv[1], sys.argv[2], resolve("default", k=(10,), imbalance_k=(1, 5)), progress=progress, save_every=0)
print(seen)
"""


@pytest.mark.slow
@pytest.mark.parametrize("strip", [7, 16])
def test_a_killed_run_continues_and_gives_the_same_bits(folder, tmp_path, strip):
    def run(out, *stop):
        return subprocess.run(
            [sys.executable, "-c", KILLED, folder, out, *stop], capture_output=True, text=True, check=False
        )

    whole = run(tmp_path / "whole")
    assert run(tmp_path / "cut", str(strip)).returncode == -signal.SIGKILL
    rest = run(tmp_path / "cut")
    assert int(rest.stdout) < int(whole.stdout), rest.stderr
    for name in ("pairs.parquet", "models.parquet", "comparison.json"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


@pytest.mark.slow
def test_the_state_of_other_inputs_is_not_continued(folder, tmp_path, three):
    subprocess.run([sys.executable, "-c", KILLED, folder, tmp_path / "out", "7"], capture_output=True, check=False)
    assert list((tmp_path / "out" / ".state").glob("*.npz"))
    ours(folder, "m0", three["m0"] * np.arange(1, 9))
    preset = resolve("default", k=(10,), imbalance_k=(1, 5))
    after = compare_folder(folder, tmp_path / "out", preset)
    fresh = compare_folder(folder, tmp_path / "new", preset)
    for entry in fresh.entries:
        assert np.array_equal(after.entry(entry.key).values, entry.values)


def test_the_verb_writes_a_folder_and_says_where(folder, capsys):
    code = run_app(
        [
            *("metrics", str(folder), "--permutations", "19", "--subsample", "100"),
            *("--metrics", "cknna,dcor,id_mle", "--k", "5", "--device", "cpu,cpu"),
        ]
    )
    shown = capsys.readouterr()
    assert code == 0
    assert "cknna@5" in shown.out
    assert "q = " in shown.out
    assert "cknna@5, row → column" in shown.out
    assert "intrinsic dimension [95 %] / of unrelated columns" in shown.out
    assert "no q is below what 0.050 allows" in shown.out
    assert str(folder / "metrics") in shown.out
    result = Comparison.from_folder(folder / "metrics")
    assert result.provenance["calibration"]["smallest_p"] == 0.05
    assert {"p", "q", "ci_low", "ci_high", "null_mean"} <= set(result.entry("cknna").statistics)


def test_the_verb_speaks_json_and_estimates(folder, capsys):
    assert run_app(["metrics", str(folder), "--permutations", "0", "--metrics", "dcor", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["names"] == ["m0", "m1", "m2"]
    assert len(document["pairs"]) == 9
    assert [row["width"] for row in document["models"]] == [8, 16, 24]
    assert run_app(["metrics", str(folder), "--estimate", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert min(said["seconds"], said["calibration_seconds"], said["gibibytes"], said["strips_tried"]) > 0
    assert run_app(["metrics", str(folder), "--estimate"]) == 0
    assert "3 models, 149 records: about" in capsys.readouterr().out


def test_the_verbs_errors_have_codes(folder, tmp_path, capsys):
    assert run_app(["metrics", str(tmp_path / "nowhere")]) == 66
    assert run_app(["metrics", str(folder), "--k", "ten"]) == 2
    assert run_app(["metrics", str(folder), "--metrics", "svcca"]) == 65
    assert "one of cknna" in capsys.readouterr().err


def test_progress_in_a_pipe_is_plain_lines(three, capsys):
    compare(three, metrics=["dcor"], progress=True)
    assert "raw: 150 of 150" in capsys.readouterr().err


def test_the_verb_writes_tree_growth_and_probes_on_request(tmp_path, three, capsys):
    for i, (name, x) in enumerate({**three, "m3": three["m0"] ** 2}.items()):
        ours(tmp_path / "emb", name, x, failed=(i,))
    rng = np.random.default_rng(0)
    samples = []
    for i, record in enumerate(IDS):
        numbers = rng.integers(1, 9, size=2 + i % 5).astype(np.uint8)
        cell = np.eye(3) * (3 + rng.random())
        structure = Structure(numbers, rng.random((len(numbers), 3)), cell, np.ones(3, bool))
        samples.append(Sample(record, {"atoms": structure}, {"energy": float(three["m0"][i, 0])}))
    Records.of(samples).write(tmp_path / "records.safetensors")
    command = [
        "metrics",
        str(tmp_path / "emb"),
        "-o",
        str(tmp_path / "out"),
        "--permutations",
        "0",
        "--metrics",
        "cknna,dcor",
    ]
    assert run_app([*command, "--labels", str(tmp_path / "records.safetensors"), "--against-n"]) == 0
    out = tmp_path / "out"
    assert "tree.nwk" in capsys.readouterr().out
    assert (out / "tree.nwk").read_text().strip().endswith(";")
    assert "m1" not in (out / "tree.nwk").read_text()  # random weights
    probes = {(r["label"], r["model"]): r["r2"] for r in pq.read_table(out / "probes.parquet").to_pylist()}
    assert probes["energy", "m0"] > 0.9
    assert probes["density", "m0"] < 0.2
    assert {label for label, _ in probes} == {"energy", "atoms", "composition", "volume", "density"}
    through = pq.read_table(out / "transfer.parquet").to_pylist()
    assert len(through) == 5 * 16
    assert {r["n"] for r in pq.read_table(out / "energies.parquet").to_pylist()} == {149}
    assert sorted({r["n"] for r in pq.read_table(out / "growth.parquet").to_pylist()}) == [73, 146]
