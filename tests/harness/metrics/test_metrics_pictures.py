"""The tree of models and the map of records."""

from __future__ import annotations

import io

import numpy as np
import pytest
from metric_references import data, neighbours, squared
from skbio import TreeNode

from matterzoo_harness.metrics import MetricError
from matterzoo_harness.metrics.projection import nearest, precomputed, project
from matterzoo_harness.metrics.tree import newick, profile_distances

NAMES = ["a1", "a2", "b1", "b2", "noise"]
ALIGNMENT = np.full((5, 5), 0.1)
ALIGNMENT[:2, :2] = ALIGNMENT[2:4, 2:4] = 0.8
ALIGNMENT[4] = ALIGNMENT[:, 4] = 0.001
np.fill_diagonal(ALIGNMENT, 1.0)


def test_profile_distances_are_the_papers():
    def entropy(p):
        return -(p * np.log2(p)).sum()

    def root_js(p, q):
        return np.sqrt(entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2)

    rng = np.random.default_rng(0)
    c = rng.uniform(0.1, 1, size=(4, 4))
    rows = (c + 1e-3) / (c.sum(1, keepdims=True) + 4e-3)
    columns = ((c + 1e-3) / (c.sum(0) + 4e-3)).T
    expected = 0.3 * root_js(rows[0], rows[2]) + 0.7 * root_js(columns[0], columns[2])
    distances = profile_distances(c, alpha=0.3, epsilon=1e-3)
    assert distances[0, 2] == pytest.approx(expected)
    np.testing.assert_array_equal(distances, distances.T)


def test_models_that_align_are_siblings():
    tree = TreeNode.read(io.StringIO(newick(NAMES, ALIGNMENT, leave_out=["noise"])))
    assert {tip.name for tip in tree.tips()} == {"a1", "a2", "b1", "b2"}
    assert tree.find("a1").distance(tree.find("a2")) < tree.find("a1").distance(tree.find("b1")) / 2


def test_negative_alignments_count_as_none_and_missing_ones_are_refused():
    below = ALIGNMENT.copy()
    below[4, 0] = -0.01
    assert np.isfinite(profile_distances(below)).all()
    below[4, 0] = np.nan
    with pytest.raises(MetricError, match="missing numbers"):
        profile_distances(below)
    with pytest.raises(MetricError, match="2 models make no tree"):
        newick(NAMES[:2], ALIGNMENT[:2, :2])


def test_neighbours_of_one_model_are_exact():
    x = data("clustered", 200, (30,))["m0"]
    index, distance = nearest(x, 9)
    assert np.array_equal(index, neighbours(-squared(x), 9))
    np.testing.assert_allclose(distance, np.sqrt(np.take_along_axis(squared(x), index, axis=1)), rtol=1e-12)
    with pytest.raises(MetricError, match="constant"):
        nearest(np.ones((30, 2)), 3)


def test_umap_is_given_itself_first_and_exactly_the_columns_it_asks_for():
    """A wider graph, or one without the record itself, is silently misread by UMAP."""
    x = np.concatenate([data("gauss", 80, (5,))["m0"]] * 2)  # every record twice: a duplicate is at distance zero, too
    index, distance = precomputed(x, 7)
    assert index.shape == distance.shape == (160, 7)
    assert (index[:, 0] == np.arange(160)).all()
    assert (distance[:, :2] == 0).all()
    assert (distance[:, 2] > 0).all()
    assert (np.diff(distance, axis=1) >= 0).all()


@pytest.mark.slow
def test_umap_draws_what_the_exact_neighbours_say_and_draws_it_again():
    x = np.unique(data("clustered", 250, (20,))["m0"], axis=0)
    layout = project(x, neighbours=10, seed=1)
    assert layout.shape == (len(x), 2)
    kept = [
        len(set(a) & set(b)) / 9
        for a, b in zip(neighbours(-squared(layout), 9), neighbours(-squared(x), 9), strict=True)
    ]
    assert np.mean(kept) > 0.3  # chance: 0.04
    np.testing.assert_array_equal(project(x, neighbours=10, seed=1), layout)
