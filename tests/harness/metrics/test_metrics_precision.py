"""Float32 tiles give the numbers of float64: where integers decide exactly, elsewhere within 1e-6, at any N."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from metric_references import data

from matterzoo_harness.metrics import compare
from matterzoo_harness.metrics.numerics import CHUNK, full_precision, outer_sums, row_sums, smallest

MOMENTS = [
    "cka_linear",
    "cka_linear_unbiased",
    "cka_rbf",
    "cka_rbf_unbiased",
    "dcor",
    "dcor_sqr",
    "dcor_sqr_unbiased",
    "rsa",
]
COUNTED = ["cknna", "mutual_knn", "information_imbalance", "id_correlation", "id_twonn", "id_mle", "id_gride"]
KINDS = ("gauss", "shared", "clustered")


@pytest.mark.parametrize("kind", KINDS)
def test_moments_agree_within_1e_6(kind):
    models = data(kind, 1200, (8, 64, 300))
    single = compare(models, metrics=MOMENTS)
    double = compare(models, metrics=MOMENTS, precision="float64")
    for metric in MOMENTS:
        assert np.abs(single[metric] - double[metric]).max() <= 1e-6, metric


@pytest.mark.parametrize("kind", KINDS)
def test_what_neighbours_and_ranks_decide_is_identical(kind):
    models = data(kind, 1000, (8, 64, 300))
    single = compare(models, metrics=COUNTED, imbalance_k=(1, 20), k=(10, 50))
    double = compare(models, metrics=COUNTED, imbalance_k=(1, 20), k=(10, 50), precision="float64")
    for entry in double.entries:
        assert np.array_equal(single.entry(entry.key).values, entry.values), entry.key
    for name, values in double.models.items():
        np.testing.assert_allclose(single.models[name], values, rtol=1e-12, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_error_does_not_grow_with_n(kind):
    errors = []
    for n in (1000, 3000, 6000):
        models = data(kind, n, (16, 64))
        metrics = ["dcor_sqr", "dcor_sqr_unbiased", "cka_linear_unbiased"]
        single, double = compare(models, metrics=metrics), compare(models, metrics=metrics, precision="float64")
        errors.append(max(np.abs(single[m] - double[m]).max() for m in metrics))
    assert max(errors) <= 1e-6
    assert errors[-1] <= 2 * max(errors[0], 1e-8)  # 1e-8 is where float32 input rounding alone puts it


def test_bfloat16_candidates_would_be_caught_by_the_certificate():
    """Neighbours stay exact however bad the tile is: rows it cannot certify are recomputed."""
    from matterzoo_harness.metrics.neighbours import Neighbours
    from matterzoo_harness.metrics.numerics import PRECISIONS, Precision
    from matterzoo_harness.metrics.orders import ByDistance
    from matterzoo_harness.metrics.sweep import sweep
    from matterzoo_harness.metrics.views import view

    source = torch.from_numpy(data("clustered", 300, (64,))["m0"])
    exact, coarse = (
        view("raw", source, PRECISIONS["float64"]),
        view("raw", source, Precision("", torch.float32, 2.0**-9)),
    )
    coarse.tile.copy_(coarse.tile.bfloat16().float())
    coarse.square.copy_(coarse.tile.square().sum(1))
    results = []
    for features in (exact, coarse):
        near = Neighbours(ByDistance([features]), (1, 300), 10)
        sweep([features], [near], 100)
        results.append(near)
    assert torch.equal(results[0].graphs()[0].index, results[1].graphs()[0].index)
    assert results[1].sums["recomputed"].item() > 0
    assert results[0].sums["recomputed"].item() == 0


def test_a_tie_at_the_edge_of_the_candidates_is_decided_by_record_number():
    grid = np.repeat(np.arange(20.0)[:, None], 2, axis=1)
    points = np.concatenate([grid] * 15)  # every point fifteen times: fourteen neighbours at distance zero
    from matterzoo_harness.metrics.neighbours import Neighbours
    from matterzoo_harness.metrics.numerics import PRECISIONS
    from matterzoo_harness.metrics.orders import ByDistance
    from matterzoo_harness.metrics.sweep import sweep
    from matterzoo_harness.metrics.views import view

    features = [view("raw", torch.from_numpy(points), PRECISIONS["float32"])]
    near = Neighbours(ByDistance(features), (1, 300), 5)
    sweep(features, [near], 64)
    index = near.graphs()[0].index
    same = [[j for j in range(len(points)) if j != i and j % 20 == i % 20][:5] for i in range(len(points))]
    assert index.tolist() == same
    assert near.sums["ties"].item() == len(points)


def test_chunked_sums_are_those_of_float64():
    values = torch.randn(3, 5 * CHUNK + 7, generator=torch.Generator().manual_seed(0))
    exact = values.double() @ values.double().T
    assert (outer_sums(values) - exact).abs().max() <= 1e-5 * exact.abs().max()
    assert (row_sums(values) - values.double().sum(1)).abs().max() <= 1e-2


@pytest.mark.parametrize("columns", [40, 600, 1237, 5000])
@pytest.mark.parametrize("count", [1, 3, 16, 39])
def test_partial_selection_finds_the_smallest(columns, count):
    values = torch.rand(7, columns, generator=torch.Generator().manual_seed(columns))
    found, where = smallest(values, count)
    assert torch.equal(found.sort(1).values, values.sort(1).values[:, :count])
    assert torch.equal(values.gather(1, where), found)


def test_the_callers_matmul_setting_comes_back():
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        with full_precision():
            assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "medium"
        compare(data("gauss", 50, (4, 5)), metrics=["dcor"])
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize("columns", [40, 601, 5000])
def test_the_smallest_sums_are_found_without_writing_sums_down(columns, monkeypatch):
    from matterzoo_harness.metrics import numerics

    monkeypatch.setattr(numerics, "_minima_of_sums", numerics._minima_of_sums.__wrapped__)
    g = torch.Generator().manual_seed(columns)
    left, right = torch.rand(7, columns, generator=g), torch.rand(3, 7, columns, generator=g)
    found, where = numerics.smallest_sums(left, right, 3)
    assert torch.equal(found.sort(2).values, (left + right).sort(2).values[:, :, :3])
    assert torch.equal((left + right).gather(2, where), found)


@pytest.mark.parametrize("kind", KINDS)
def test_joint_pairs_one_by_one_or_all_at_once_are_the_same(kind, monkeypatch):
    """A GPU takes all pairs of a model at once, a CPU core one after the other."""
    from matterzoo_harness.metrics import idcorr, numerics

    monkeypatch.setattr(numerics, "_minima_of_sums", numerics._minima_of_sums.__wrapped__)
    models = data(kind, 700, (8, 30, 64, 65))
    alone = compare(models, metrics=["id_correlation"], strip=50)
    inside = idcorr.JointPairs.__init__

    def together(self, features):
        inside(self, features)
        self.together = True

    monkeypatch.setattr(idcorr.JointPairs, "__init__", together)
    at_once = compare(models, metrics=["id_correlation"], strip=50)
    assert at_once["id_correlation"].tobytes() == alone["id_correlation"].tobytes()


def test_counting_by_comparison_and_by_sorting_agree():
    from matterzoo_harness.metrics import imbalance

    g = torch.Generator().manual_seed(0)
    tile, low = torch.rand(9, 300, generator=g), torch.rand(9, 5, generator=g)
    tile[0, 0] = torch.inf
    tile[3, :40] = low[3, 2]
    for high in (low, low + 0.1):
        compared = imbalance._compared.__wrapped__(tile, low, high)
        below, within = imbalance._count_sorted(tile, low, high)
        assert torch.equal(compared[0], below)
        assert torch.equal(compared[1] - compared[0], within)
