"""In float64 every estimator gives the number of its published formula or of the library people use."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import skdim
from metric_references import (
    cka,
    cknna,
    data,
    dcor_sqr,
    gride,
    hsic_biased,
    hsic_unbiased,
    id_correlation,
    imbalance,
    mle_arithmetic,
    neighbours,
    rank_matrix,
    shared_edges,
    squared,
    two_nn,
    unit,
)

from matterzoo_harness.metrics import PRESETS, compare

pytestmark = pytest.mark.slow  # references by brute force: most of a minute


def pairs(models):
    return itertools.product(enumerate(models), enumerate(models))


def check(models, values, reference, tolerance):
    for (i, a), (j, b) in pairs(models):
        assert values[i, j] == pytest.approx(reference(models[a], models[b]), abs=tolerance), (a, b)


@pytest.mark.parametrize("k", [2, 10, 60])
def test_cknna_is_platonic_reps(models, k):
    preset = PRESETS["prh"].with_(clip=None, k=(k,), metrics=("cknna", "mutual_knn"))
    result = compare(models, preset=preset)
    check(models, result["cknna"], lambda a, b: cknna(unit(a), unit(b), k, 1e-6), 1e-10)
    edges = np.rint(result["mutual_knn"] * 400 * k).astype(int)
    check(models, edges, lambda a, b: shared_edges(unit(a), unit(b), k), 0)


@pytest.mark.parametrize("k", [150, 399])
def test_large_k_needs_no_lists_and_gives_the_same_number(models, k):
    preset = PRESETS["prh"].with_(clip=None, k=(k,), metrics=("cknna", "mutual_knn"))
    result = compare(models, preset=preset)
    check(models, result["cknna"], lambda a, b: cknna(unit(a), unit(b), k, 1e-6), 1e-10)
    check(models, result["mutual_knn"], lambda a, b: shared_edges(unit(a), unit(b), k) / (400 * k), 1e-12)


@pytest.mark.parametrize("k", [25, 200])
def test_the_papers_preset_orders_by_inner_product_of_rows_over_their_maximum(models, k):
    preset = PRESETS["paper"].with_(k=(k,), metrics=("cknna", "dcor_sqr"))
    result = compare(models, preset=preset, precision="float64")
    rows = {name: x / np.abs(x).max(1, keepdims=True) for name, x in models.items()}
    check(rows, result["cknna"], lambda a, b: cknna(a, b, k), 1e-10)
    check(rows, result["dcor_sqr"], dcor_sqr, 1e-10)


def test_cka_is_platonic_reps_with_its_epsilon(models):
    result = compare(models, preset=PRESETS["prh"].with_(clip=None))
    for metric, hsic in (("cka_linear", hsic_biased), ("cka_linear_unbiased", hsic_unbiased)):
        check(models, result[metric], lambda a, b, h=hsic: cka(unit(a) @ unit(a).T, unit(b) @ unit(b).T, h, 1e-6), 1e-9)
    for metric, hsic in (("cka_rbf", hsic_biased), ("cka_rbf_unbiased", hsic_unbiased)):

        def rbf(x):
            return np.exp(-squared(unit(x)) / 2)

        check(models, result[metric], lambda a, b, h=hsic: cka(rbf(a), rbf(b), h, 1e-6), 1e-9)


def test_the_clip_of_platonic_rep_is_one_scalar_quantile():
    models = data("shared", 200, (16, 32))

    def clip(x):
        limit = np.sort(np.abs(x).ravel())[int(0.95 * x.size)]
        return unit(np.clip(x, -limit, limit))

    result = compare(models, preset="prh")
    check(models, result["cknna"], lambda a, b: cknna(clip(a), clip(b), 10, 1e-6), 1e-10)


def test_distance_correlation_is_dcors():
    import dcor  # it compiles for seconds when it is imported

    for kind in ("gauss", "shared", "clustered"):
        models = data(kind, 250, (8, 32, 64))
        result = compare(models, precision="float64", metrics=["dcor", "dcor_sqr", "dcor_sqr_unbiased"])
        check(models, result["dcor"], dcor.distance_correlation, 1e-10)
        check(models, result["dcor_sqr"], dcor.distance_correlation_sqr, 1e-10)
        check(models, result["dcor_sqr_unbiased"], dcor.u_distance_correlation_sqr, 1e-10)


def test_rsa_is_the_correlation_of_the_upper_triangles(models):
    result = compare(models, precision="float64", metrics=["rsa"])
    upper = np.triu_indices(400, 1)

    def reference(a, b):
        return np.corrcoef(np.sqrt(squared(a))[upper], np.sqrt(squared(b))[upper])[0, 1]

    check(models, result["rsa"], reference, 1e-10)


def test_information_imbalance_is_dadapys(models):
    ks = (1, 5, 120)
    result = compare(models, preset="dadapy", metrics=["information_imbalance"], imbalance_k=ks)
    for k in ks:
        check(models, result[f"information_imbalance@{k}"], lambda a, b, k=k: imbalance(a, b, k), 1e-12)


def test_dimensions_are_dadapys_and_scikit_dimensions(models):
    result = compare(models, preset="dadapy")
    library = compare(models, preset="skdim")
    for m, x in enumerate(models.values()):
        assert result["id_twonn"][m] == pytest.approx(two_nn(x), rel=1e-8)
        for rank in (1, 2, 8, 32):
            assert result[f"id_gride@{rank}"][m] == pytest.approx(gride(x, rank), rel=1e-9)
        assert library["id_twonn"][m] == pytest.approx(skdim.id.TwoNN().fit(x).dimension_, rel=1e-8)
        assert library["id_mle"][m] == pytest.approx(skdim.id.MLE().fit(x, n_neighbors=20).dimension_, rel=1e-10)


def test_id_correlation_is_idcorrelations(models):
    result = compare(models, preset="idcorr")
    check(models, result["id_correlation"], id_correlation, 1e-10)
    for m, x in enumerate(models.values()):
        assert result["id_mle"][m] == pytest.approx(mle_arithmetic(x, 100), rel=1e-10)
        assert result["id_twonn"][m] == pytest.approx(two_nn(x, drop=True), rel=1e-9)
    check(models, result["dcor_sqr"], lambda a, b: dcor_sqr(unit(a), unit(b)), 1e-8)  # theirs adds 1e-9 to a product


def test_procrustes_is_the_nuclear_norm(models):
    result = compare(models, precision="float64", metrics=["procrustes"])

    def reference(a, b):
        a, b = a - a.mean(0), b - b.mean(0)
        return np.linalg.svd(a.T @ b, compute_uv=False).sum() / np.linalg.norm(a) / np.linalg.norm(b)

    check(models, result["procrustes"], reference, 1e-7)


def test_linear_predictivity_is_a_cross_validated_ridge():
    models = data("shared", 200, (8, 17))
    result = compare(models, precision="float64", metrics=["linear_predictivity"], seed=3)
    order = np.random.default_rng(3).permutation(200)

    def reference(a, b):
        a, b = a - a.mean(0), b - b.mean(0)
        ridge = 1e-3 * np.mean(np.diag(a.T @ a)) * np.eye(a.shape[1])
        error = 0.0
        for fold in np.array_split(order, 5):
            rest = np.setdiff1d(order, fold)
            weights = np.linalg.solve(a[rest].T @ a[rest] + ridge, a[rest].T @ b[rest])
            error += np.square(b[fold] - a[fold] @ weights).sum()
        return 1 - error / np.square(b).sum()

    check(models, result["linear_predictivity"], reference, 1e-10)


def test_neighbour_and_rank_integers_are_equal(models):
    """The lists themselves, not only what is computed from them."""
    import torch

    from matterzoo_harness.metrics.neighbours import Neighbours
    from matterzoo_harness.metrics.numerics import PRECISIONS
    from matterzoo_harness.metrics.orders import ByDistance
    from matterzoo_harness.metrics.sweep import sweep
    from matterzoo_harness.metrics.views import view

    for precision in PRECISIONS.values():
        features = [view("l2", torch.from_numpy(x), precision) for x in models.values()]
        near = Neighbours(ByDistance(features), (len(features), 400), 40)
        sweep(features, [near], 64)
        for graph, x in zip(near.graphs(), models.values(), strict=True):
            assert np.array_equal(graph.index.numpy(), neighbours(unit(x) @ unit(x).T, 40))
        features = [view("raw", torch.from_numpy(x), precision) for x in models.values()]
        near = Neighbours(ByDistance(features), (len(features), 400), 40)
        sweep(features, [near], 64)
        for graph, x in zip(near.graphs(), models.values(), strict=True):
            ranks = np.take_along_axis(rank_matrix(x), graph.index.numpy(), axis=1)
            assert np.array_equal(ranks, np.arange(1, 41)[None].repeat(400, 0))
