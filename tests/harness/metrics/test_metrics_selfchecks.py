"""What must hold whatever the data: identities between estimators, invariances, equal bits, bounded memory."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from metric_references import data

from matterzoo_harness.metrics import PRESETS, compare

ROTATABLE = [
    "cknna",
    "mutual_knn",
    "cka_linear_unbiased",
    "dcor_sqr_unbiased",
    "rsa",
    "information_imbalance",
    "procrustes",
    "cka_rbf_unbiased",
    "linear_predictivity",
]


def test_cknna_of_all_neighbours_is_unbiased_cka(models):
    preset = PRESETS["default"].with_(cka_view="l2", metrics=("cknna", "cka_linear_unbiased"), k=(399,))
    result = compare(models, preset=preset)
    np.testing.assert_allclose(result["cknna"], result["cka_linear_unbiased"], atol=1e-6)
    double = compare(models, preset=preset, precision="float64")
    np.testing.assert_allclose(double["cknna"], double["cka_linear_unbiased"], atol=1e-11)


def test_lists_and_thresholds_are_the_same_cknna(models, monkeypatch):
    from matterzoo_harness.metrics import findings

    lists = compare(models, metrics=["cknna", "mutual_knn"], k=(10, 60))
    monkeypatch.setattr(findings, "SPARSE_LIMIT", 1)
    thresholds = compare(models, metrics=["cknna", "mutual_knn"], k=(10, 60))
    for key in ("cknna@10", "cknna@60", "mutual_knn@10", "mutual_knn@60"):
        np.testing.assert_allclose(thresholds[key], lists[key], atol=1e-11)


def test_every_model_is_itself(models):
    result = compare(models)
    for metric in (
        "cknna",
        "mutual_knn",
        "cka_linear",
        "cka_rbf_unbiased",
        "dcor",
        "rsa",
        "id_correlation",
        "procrustes",
    ):
        np.testing.assert_allclose(np.diag(result[metric]), 1, atol=1e-12, err_msg=metric)


def test_turning_moving_and_scaling_change_nothing():
    models = data("shared", 300, (16, 40))
    rng = np.random.default_rng(1)
    turn = np.linalg.qr(rng.normal(size=(16, 16)))[0]
    moved = {"m0": 7.5 * models["m0"] @ turn, "m1": models["m1"]}
    a, b = (
        compare(models, metrics=ROTATABLE, precision="float64"),
        compare(moved, metrics=ROTATABLE, precision="float64"),
    )
    for metric in ROTATABLE:
        np.testing.assert_allclose(b[metric], a[metric], atol=1e-10, err_msg=metric)
    shifted = {"m0": models["m0"] + 3, "m1": models["m1"]}
    distances = ["cka_linear_unbiased", "dcor_sqr_unbiased", "rsa", "information_imbalance", "procrustes"]
    c = compare(shifted, metrics=distances, precision="float64")
    for metric in distances:
        np.testing.assert_allclose(c[metric], a[metric], atol=1e-10, err_msg=metric)


def test_the_order_of_models_and_records_does_not_matter(models):
    result = compare(models, precision="float64")
    turned = compare(dict(reversed(models.items())), precision="float64")
    order = np.random.default_rng(0).permutation(400)
    mixed = compare({name: x[order] for name, x in models.items()}, precision="float64")
    for entry in result.entries:
        np.testing.assert_allclose(
            turned.entry(entry.key).values[::-1, ::-1], entry.values, atol=1e-12, err_msg=entry.key
        )
        if entry.metric not in ("linear_predictivity", "cka_rbf", "cka_rbf_unbiased"):  # folds, and the sample of σ
            np.testing.assert_allclose(mixed.entry(entry.key).values, entry.values, atol=1e-12, err_msg=entry.key)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_strip_size_does_not_matter(models, precision):
    results = [compare(models, strip=strip, precision=precision, k=(10, 150)) for strip in (16, 61, 400)]
    tolerance = 1e-12 if precision == "float64" else 1e-7
    for entry in results[0].entries:
        for other in results[1:]:
            np.testing.assert_allclose(other.entry(entry.key).values, entry.values, atol=tolerance, err_msg=entry.key)


def test_a_second_run_gives_the_same_bits(models):
    a, b = compare(models), compare(models)
    for entry in a.entries:
        assert entry.values.tobytes() == b.entry(entry.key).values.tobytes(), entry.key
    assert a.provenance == b.provenance


def test_widths_may_differ_and_one_model_is_enough():
    result = compare({"a": np.random.default_rng(0).normal(size=(60, 1))})
    assert result["dcor"].shape == (1, 1)


MEMORY = """
import resource, numpy as np, torch
torch.set_num_threads(1)
from matterzoo_harness.metrics import compare
rng = np.random.default_rng(0)
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
warm = {i: rng.normal(size=(300, 16)).astype(np.float32) for i in "ab"}
compare(warm, metrics=METRICS)
models = {i: rng.normal(size=(9000, 16)).astype(np.float32) for i in "abcdef"}
before = peak()
compare(models, metrics=METRICS, strip=32)
print(peak() - before)
"""


@pytest.mark.slow
def test_memory_is_strips_and_graphs_and_never_an_n_by_n_matrix():
    """Two buffers of M·strip·N, a few copies of the inputs and the graphs; N² floats would be 309 MiB."""
    metrics = [
        "cknna",
        "dcor_sqr_unbiased",
        "cka_linear_unbiased",
        "information_imbalance",
        "id_twonn",
        "id_correlation",
    ]
    script = MEMORY.replace("METRICS", repr(metrics))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    models, records, strip, width = 6, 9000, 32, 16
    strips = 2 * models * strip * records * 4
    inputs = 6 * models * records * width * 8
    graphs = models * records * (10 + 2) * 20 + 21 * records * 2 * 8 * 3
    bound = (2 * strips + inputs + graphs) / 2**20 + 32
    assert bound < records**2 * 4 / 2**20
    assert float(done.stdout) < bound


def test_the_engine_needs_torch_and_numpy_only():
    """A GPU machine with a plain CUDA torch runs it from this repository's files."""
    script = (
        "import sys, matterzoo_harness.metrics.engine, matterzoo_harness.metrics.front_door;"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'scipy', 'pyarrow', 'sklearn', 'rich', 'safetensors', 'skbio'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
