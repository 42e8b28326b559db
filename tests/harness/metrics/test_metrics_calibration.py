"""Every number beside its null and its interval, on a subsample that is named."""

from __future__ import annotations

import numpy as np
import pytest
from metric_references import data

from matterzoo_harness.metrics import MetricError, inputs
from matterzoo_harness.metrics.calibrate import benjamini_hochberg, calibrate
from matterzoo_harness.metrics.comparing import compare_joined
from matterzoo_harness.metrics.growth import against_n
from matterzoo_harness.metrics.presets import resolve

METRICS = (
    "cknna",
    "mutual_knn",
    "dcor_sqr_unbiased",
    "dcor",
    "rsa",
    "information_imbalance",
    "id_correlation",
    "id_twonn",
    "id_mle",
)


def calibrated(models, permutations=39, subsample=150, metrics=METRICS, seed=0):
    joined, preset = inputs.join(models), resolve("default", metrics=metrics)
    return calibrate(
        compare_joined(joined, preset), joined, preset, permutations=permutations, subsample=subsample, seed=seed
    )


@pytest.fixture(scope="module")
def result():
    shared, alone = data("shared", 300, (8, 16)), data("gauss", 300, (24,), seed=5)
    return calibrated({**shared, "alone": alone["m0"]})


def test_related_models_are_found_and_unrelated_ones_are_not(result):
    for entry in result.entries:
        assert entry.statistics["p"][0, 1] == pytest.approx(1 / 40), entry.key
        assert entry.statistics["p"][0, 2] > 0.05, entry.key
        assert np.isnan(np.diag(entry.statistics["p"])).all()
        assert (entry.statistics["q"] >= entry.statistics["p"])[~np.isnan(entry.statistics["p"])].all()


def test_nulls_agree_with_the_analytic_ones(result):
    for metric, value in (
        ("mutual_knn", 10 / 149),
        ("information_imbalance", 1.0),
        ("dcor_sqr_unbiased", 0),
        ("rsa", 0),
    ):
        statistics = result.entry(metric).statistics
        error = statistics["null_sd"][0, 1] / np.sqrt(39)
        assert statistics["null_mean"][0, 1] == pytest.approx(value, abs=4 * error), metric
    assert result.entry("mutual_knn").statistics["null_analytic"][0, 1] == 10 / 299
    assert result.entry("dcor").statistics["null_mean"][0, 2] > 0.2  # biased: why it is not read without its null
    assert "null_analytic" not in result.entry("dcor").statistics


def test_intervals_hold_the_subsamples_value(result):
    for entry in result.entries:
        low, value, high = (entry.statistics[s][0, 1] for s in ("ci_low", "subsample_value", "ci_high"))
        assert low < value < high
        assert high - low < 1


@pytest.mark.parametrize("dimension", ["id_twonn", "id_mle"])
def test_dimensions_have_nulls_and_intervals_too(result, dimension):
    """Twelve latent numbers in sixteen columns are fewer than sixteen unrelated ones; independent columns are what they are."""
    said = {name: result.models[f"{dimension}/{name}"] for name in ("subsample_value", "null_mean", "p", "q")}
    assert said["subsample_value"][1] < said["null_mean"][1]
    assert said["p"][1] == pytest.approx(1 / 40)
    assert said["p"][2] > 0.05
    assert (said["q"] >= said["p"]).all()
    low, high = (result.models[f"{dimension}/{name}"] for name in ("ci_low", "ci_high"))
    assert (low < said["subsample_value"]).all()
    assert (said["subsample_value"] < high).all()
    assert "columns of every model" in result.provenance["calibration"]["null of dimensions"]


def test_one_model_alone_has_calibrated_dimensions():
    result = calibrated({"a": data("shared", 120, (30,))["m0"]}, permutations=19, subsample=100, metrics=("id_mle",))
    assert result.models["id_mle/p"][0] == 0.05


def test_what_was_done_is_written_down(result):
    said = result.provenance["calibration"]
    assert (said["records"], said["permutations"], said["smallest_p"]) == (150, 39, 1 / 40)
    assert "jackknife" in said["interval"]
    assert "dependent" in said["null"]


def test_equal_seeds_give_equal_bits(result):
    shared, alone = data("shared", 300, (8, 16)), data("gauss", 300, (24,), seed=5)
    again = calibrated({**shared, "alone": alone["m0"]})
    for entry in result.entries:
        for name, values in entry.statistics.items():
            np.testing.assert_array_equal(again.entry(entry.key).statistics[name], values)


def test_too_few_permutations_are_refused():
    with pytest.raises(MetricError, match=r"the smallest possible p is 0\.33"):
        calibrated(data("gauss", 100, (4, 4)), permutations=2)


def test_a_constant_model_stays_without_numbers():
    result = calibrated(
        {**data("shared", 120, (8, 16)), "flat": np.ones((120, 2))},
        permutations=19,
        subsample=80,
        metrics=("dcor", "mutual_knn"),
    )
    assert np.isnan(result.entry("dcor").statistics["p"][2]).all()
    assert result.entry("dcor").statistics["p"][0, 1] == 0.05


def test_the_false_positive_rate_is_the_stated_one():
    """Of 120 pairs of independent models about twelve have p ≤ 0.1; pairs of one draw are dependent."""
    models = data("gauss", 60, tuple([3] * 16), seed=11)
    p = calibrated(models, permutations=19, subsample=60, metrics=("dcor_sqr_unbiased",)).entry("dcor_sqr_unbiased")
    values = p.statistics["p"][np.triu_indices(16, 1)]
    assert 2 <= (values <= 0.1).sum() <= 28


def test_benjamini_hochberg_leaves_missing_pairs_out():
    q = benjamini_hochberg(np.array([0.01, np.nan, 0.02, 0.9]))
    np.testing.assert_allclose(q, [0.03, np.nan, 0.03, 0.9])


def test_alignment_against_n_is_nested_and_ends_with_all_records():
    joined, preset = (
        inputs.join(data("shared", 400, (8, 16))),
        resolve("default", metrics=("mutual_knn", "dcor_sqr_unbiased")),
    )
    growth = against_n(joined, preset)
    assert growth.sizes == (50, 100, 200, 400)
    local, whole = growth["mutual_knn"][:, 0, 1], growth["dcor_sqr_unbiased"][:, 0, 1]
    assert local[-1] < local[0]  # a fixed k is a smaller share of more records
    assert abs(whole[-1] - whole[1]) < 0.1
    np.testing.assert_array_equal(growth["mutual_knn"][-1], compare_joined(joined, preset)["mutual_knn"])
    with pytest.raises(MetricError, match="not increasing"):
        against_n(joined, preset, [100, 50])


def test_maps_between_models_are_left_to_the_largest_sample():
    growth = against_n(inputs.join(data("shared", 200, (8, 16))), resolve("default", metrics=("dcor", "procrustes")))
    assert growth["dcor"].shape == (3, 2, 2)
    assert "procrustes" in growth.comparisons[-1]
    with pytest.raises(MetricError, match="'procrustes' was not computed"):
        growth["procrustes"]
