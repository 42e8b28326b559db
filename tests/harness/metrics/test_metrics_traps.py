"""Inputs to which other libraries give plausible wrong numbers: each has a defined answer here.

| trap | test (of this module, or `module`: test) |
|---|---|
| a NaN or infinite record | a_record_that_is_not_finite_is_refused_by_name, or_dropped_from_every_model_… |
| constant embedding | a_constant_embedding_gives_no_number_and_says_why |
| exact and near duplicates | exact_duplicates_are_true_zeros_…, near_duplicates_are_counted |
| records repeated in every model | shared_repeats_inflate_cknna_and_can_be_left_out |
| row of zeros under L2 | a_row_of_zeros_has_no_direction |
| k ≥ N, k > N/10 | k_must_be_answerable, a_k_above_a_tenth_of_n_is_said |
| different N, ids | different_counts_…, rows_are_joined_by_id_…, ids_that_do_not_fit_…, unequal_record_sets_… |
| N < 4 | fewer_than_four_records_have_no_unbiased_estimate |
| absolute ε | there_is_no_absolute_epsilon_by_default |
| offset data in float32 | a_common_offset_does_not_cost_float32_its_digits |
| biased estimators in many dimensions | biased_estimators_are_large_…, both_are_always_given |
| negative unbiased values | negative_unbiased_values_stay_negative |
| CKNNA is not symmetric | cknna_reports_the_mean_of_both_orders_and_how_far_they_are_apart |
| self term ≤ 0 | a_self_term_that_is_not_positive_gives_no_number |
| un-normalised features | the_view_is_part_of_the_result |
| one feature × 1000 | one_column_that_decides_all_distances_is_named |
| outlier clip | the_outlier_clip_is_off_by_default_and_recorded |
| ties | equal_distances_share_their_mean_rank; `precision`: a_tie_at_the_edge_… |
| thresholds of another arithmetic path | `exactness`: neighbour_and_rank_integers_are_equal; a_threshold_is_decided_in_… |
| self by position | self_is_excluded_by_index_however_far_the_diagonal_rounds |
| fixed k, growing N; floor | mixed_n_is_not_tabulated_without_a_flag, identical_spaces_have_the_imbalance_floor |
| permutation p | `calibration`: too_few_permutations_are_refused, what_was_done_is_written_down, … |
| high joint dimensions | a_saturated_joint_dimension_is_said |
| TF32 left on | `precision`: the_callers_matmul_setting_comes_back |
| 32-bit indices | a_tile_of_more_than_2_31_numbers_… (metadata; `gpu_suite.py` on the device) |
| half precision and integers as input | half_precision_and_integers_are_widened |
| UMAP's precomputed neighbours | `pictures`: neighbours_of_one_model_are_exact, umap_is_given_itself_first_… |
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from metric_references import cka, cknna, data, hsic_unbiased, imbalance, two_nn, unit

from matterzoo_harness.metrics import METRICS, PRESETS, MetricError, compare, tabulate
from matterzoo_schemas.exit_codes import ExitCode

IDS = [f"r{i:03d}" for i in range(300)]


@pytest.fixture
def three():
    return data("shared", 300, (8, 16, 40))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_record_that_is_not_finite_is_refused_by_name(three, value):
    three["m1"][[7, 9], 3] = value
    with pytest.raises(MetricError, match=r"'m1': 2 records are not finite: r007, r009") as error:
        compare(three, IDS)
    assert isinstance(error.value, ValueError)
    assert error.value.code is ExitCode.BAD_INPUT


def test_or_dropped_from_every_model_and_written_down(three):
    clean = compare({name: np.delete(x, 7, axis=0) for name, x in three.items()}, IDS[:7] + IDS[8:])
    three["m1"][7, 3] = np.nan
    result = compare(three, IDS, on_bad="drop")
    assert result.provenance["dropped"] == {"not finite or zero in some model": ["r007"]}
    assert result.provenance["records"] == 299
    for entry in clean.entries:
        np.testing.assert_array_equal(result.entry(entry.key).values, entry.values)


@pytest.mark.parametrize("offset", [0.0, 3.0, 1e6])
def test_a_constant_embedding_gives_no_number_and_says_why(three, offset):
    flat = np.full((300, 5), offset) + 1e-9 * offset * np.random.default_rng(0).normal(size=(300, 5))
    result = compare({**three, "flat": flat})
    alone = compare(three)
    assert result.models["degenerate"].tolist() == [0, 0, 0, 1]
    for entry in result.entries:
        assert np.isnan(entry.values[3]).all(), entry.key
        assert np.isnan(entry.values[:, 3]).all(), entry.key
        assert "constant" in entry.reasons["m0", "flat"]
        np.testing.assert_array_equal(entry.values[:3, :3], alone.entry(entry.key).values)


def test_exact_duplicates_are_true_zeros_and_left_out_of_the_dimension():
    x = np.random.default_rng(0).normal(size=(400, 12)).astype(np.float32)
    doubled = np.concatenate([x, x[:100]])
    result = compare({"x": doubled}, metrics=["id_twonn", "id_mle"])
    assert result.models["duplicates"][0] == 200
    assert result.models["id_twonn/dropped"][0] == pytest.approx(200 / 500)
    assert 0.8 * two_nn(x) < result["id_twonn"][0] < 1.5 * two_nn(x)  # others: 0.1
    once = compare({"x": doubled}, metrics=["id_twonn"], deduplicate=True)
    assert once["id_twonn"][0] == pytest.approx(two_nn(x.astype(np.float64)), rel=1e-9)
    assert any("exact duplicate" in note for note in result.provenance["notes"])
    half = compare({"x": np.concatenate([x, x])}, metrics=["id_twonn", "id_mle"])
    assert np.isnan(half["id_twonn"][0])
    assert any("no id_twonn" in note for note in half.provenance["notes"])


def test_near_duplicates_are_counted():
    x = np.random.default_rng(0).normal(size=(400, 12))
    result = compare({"x": np.concatenate([x, x[:50] + 1e-7])}, metrics=["id_twonn"])
    assert result.models["near_duplicates"][0] == 100
    assert any("nearly repeat" in note for note in result.provenance["notes"])


def test_shared_repeats_inflate_cknna_and_can_be_left_out(three):
    noisy = {name: x + 0.5 * np.random.default_rng(i).normal(size=x.shape) for i, (name, x) in enumerate(three.items())}
    doubled = {name: np.concatenate([x, x[:150]]) for name, x in noisy.items()}
    both = compare(doubled, metrics=["cknna"])
    once = compare(doubled, metrics=["cknna"], deduplicate=True)
    assert both["cknna"][0, 1] > once["cknna"][0, 1] + 0.02
    assert any("150 records repeat" in note for note in both.provenance["notes"])
    assert len(once.provenance["dropped"]["repeats another record in every model"]) == 150
    np.testing.assert_allclose(once["cknna"], compare(noisy, metrics=["cknna"])["cknna"], atol=1e-12)
    hashes = [f"{i % 300}" for i in range(450)]
    assert compare(doubled, metrics=["cknna"], deduplicate=hashes).provenance["records"] == 300


def test_a_row_of_zeros_has_no_direction(three):
    three["m2"][4] = 0
    with pytest.raises(MetricError, match="'m2': 1 records are all zeros: 4"):
        compare(three, metrics=["cknna"])
    assert compare(three, metrics=["cknna"], on_bad="drop").provenance["records"] == 299
    raw = PRESETS["default"].with_(knn_view="raw")
    assert compare(three, preset=raw, metrics=["dcor"]).provenance["records"] == 300


@pytest.mark.parametrize(("metric", "k"), [("cknna", 1), ("cknna", 300), ("mutual_knn", 0), ("mutual_knn", 300)])
def test_k_must_be_answerable(three, metric, k):
    with pytest.raises(MetricError, match=f"{metric}: k={k} with 300 records"):
        compare(three, metrics=[metric], k=k)
    with pytest.raises(MetricError, match="information_imbalance: k=300"):
        compare(three, metrics=["information_imbalance"], imbalance_k=300)


def test_a_k_above_a_tenth_of_n_is_said(three):
    result = compare(three, metrics=["mutual_knn"], k=40)
    assert any("k=40 is more than a tenth of the 300" in note for note in result.provenance["notes"])


def test_different_counts_without_ids_are_refused_with_both_names(three):
    with pytest.raises(MetricError, match="'m0' has 300 records and model 'b' has 299"):
        compare({**three, "b": np.ones((299, 3))})


def test_rows_are_joined_by_id_and_never_by_position(three):
    order = np.random.default_rng(1).permutation(300)
    ids = dict.fromkeys(three, IDS)
    ids["m1"] = [IDS[i] for i in order]
    shuffled = compare({**three, "m1": three["m1"][order]}, ids)
    straight = compare(three, IDS)
    assert straight.provenance["joined_by"] == "id"
    assert compare(three).provenance["joined_by"] == "position"
    for entry in straight.entries:
        assert np.array_equal(shuffled.entry(entry.key).values, entry.values)


def test_ids_that_do_not_fit_are_refused(three):
    with pytest.raises(MetricError, match="'m0' has 300 records and 299 ids"):
        compare(three, IDS[:-1])
    with pytest.raises(MetricError, match="the id 'r000' more than once"):
        compare(three, ["r000", *IDS[:-1]])
    with pytest.raises(MetricError, match="no ids were given for model 'm1'"):
        compare(three, {"m0": IDS})


def test_unequal_record_sets_are_refused_or_intersected_on_request(three):
    ids = {"m0": IDS, "m1": IDS, "m2": [*IDS[:-1], "other"]}
    with pytest.raises(MetricError, match=r"'m2' \(300 records\) lacks 1 of the records of model 'm0' \(300\): r299"):
        compare(three, ids)
    result = compare(three, ids, join="intersect")
    assert result.provenance["records"] == 299
    assert result.provenance["dropped"]["not in every model"] == ["other", "r299"]


def test_unrelated_modalities_are_refused(three):
    with pytest.raises(MetricError, match="no record in common"):
        compare(three, {"m0": IDS, "m1": IDS, "m2": [f"protein-{i}" for i in range(300)]}, join="intersect")


def test_fewer_than_four_records_have_no_unbiased_estimate():
    with pytest.raises(MetricError, match="at least 4"):
        compare({"a": np.eye(3), "b": np.eye(3)}, metrics=["dcor"])


def test_there_is_no_absolute_epsilon_by_default():
    models = data("shared", 300, (8, 16))
    tiny = {name: 1e-4 * x for name, x in models.items()}
    a, b = compare(models), compare(tiny)
    assert a["cknna"][0, 0] == pytest.approx(1, abs=1e-12)
    for entry in a.entries:
        np.testing.assert_allclose(b.entry(entry.key).values, entry.values, atol=1e-6, err_msg=entry.key)
    assert compare(models, preset="prh")["cknna"][0, 0] < 1 - 1e-6


def test_a_common_offset_does_not_cost_float32_its_digits():
    models = {name: x + 100 for name, x in data("shared", 300, (16, 64)).items()}
    result = compare(models)
    centred = [x - x.mean(0) for x in models.values()]
    assert result["cka_linear_unbiased"][0, 1] == pytest.approx(
        cka(*(x @ x.T for x in centred), hsic_unbiased), abs=1e-6
    )
    double = compare(models, precision="float64")
    assert result["cknna"][0, 1] == double["cknna"][0, 1]
    assert result["cknna"][0, 1] == pytest.approx(cknna(*map(unit, models.values()), 10), abs=1e-8)


def test_biased_estimators_are_large_for_independent_wide_data_and_corrected_ones_are_not():
    result = compare(
        data("gauss", 300, (1024, 1024)), metrics=["dcor", "dcor_sqr_unbiased", "cka_linear", "cka_linear_unbiased"]
    )
    assert result["dcor"][0, 1] > 0.9
    assert result["cka_linear"][0, 1] > 0.7
    assert abs(result["dcor_sqr_unbiased"][0, 1]) < 0.02
    assert abs(result["cka_linear_unbiased"][0, 1]) < 0.02


def test_both_are_always_given():
    assert {"dcor", "dcor_sqr", "dcor_sqr_unbiased", "cka_linear", "cka_linear_unbiased"} <= set(
        PRESETS["default"].metrics
    )


def test_a_threshold_is_decided_in_float64_where_the_tile_leaves_it_open():
    """Records on a fine grid far away: float32 tiles cannot tell neighbours apart, and the ranks are exact all the same."""
    rng = np.random.default_rng(0)
    grid = np.stack([rng.permutation(200), rng.permutation(200)], 1) * 1e-3 + 50.0
    models = {"a": grid.astype(np.float32), "b": (grid[:, ::-1] * 2).astype(np.float32)}
    settings = {"preset": "dadapy", "metrics": ["information_imbalance"], "imbalance_k": (1, 5), "precision": "float32"}
    result = compare(models, **settings)
    for k in (1, 5):
        expected = imbalance(*(x.astype(np.float64) for x in models.values()), k)
        assert result[f"information_imbalance@{k}"][0, 1] == pytest.approx(expected, abs=1e-12)
    assert sum(result.provenance["certificates"]["raw/ranks/resolved"]) > 0


def test_a_tile_of_more_than_2_31_numbers_is_cut_by_64_bit_offsets():
    """Shapes and offsets only, on torch's device without memory: the strip of the last model begins where it should."""
    from types import SimpleNamespace

    from matterzoo_harness.metrics.sweep import Buffers

    models, height, records = 72, 512, 60_000
    like = SimpleNamespace(source=range(records), tile=torch.empty(0, device="meta"))
    strip = Buffers([like] * models, height).strip(records - height, records)
    assert strip.tile.numel() == models * height * records > 2**31
    assert strip.tile[-1].storage_offset() == (models - 1) * height * records


def test_negative_unbiased_values_stay_negative():
    values = [
        compare(data("gauss", 100, (4, 4), seed), metrics=["dcor_sqr_unbiased"])["dcor_sqr_unbiased"][0, 1]
        for seed in range(12)
    ]
    assert min(values) < 0 < max(values)


def test_cknna_reports_the_mean_of_both_orders_and_how_far_they_are_apart(three):
    result = compare(three)
    directed = compare(three, preset=PRESETS["default"].with_(name="directed"))["cknna"]
    np.testing.assert_allclose(result["cknna"], (directed + directed.T) / 2, atol=1e-15)
    assert result.provenance["cknna_asymmetry@10"] == pytest.approx(np.abs(directed - directed.T).max())


def test_a_self_term_that_is_not_positive_gives_no_number():
    """On a line every point's two neighbours are rarely mutual enough: a chain with growing gaps has no mutual pair."""
    chain = np.cumsum(2.0 ** np.arange(24))[:, None]
    raw = PRESETS["default"].with_(knn_view="raw", knn_inner=True)
    entry = compare({"a": chain, "b": chain[::-1].copy()}, preset=raw, metrics=["cknna"], k=2).entry("cknna")
    missing = np.isnan(entry.values)
    for i, j in np.argwhere(missing):
        assert "self term" in entry.reasons["ab"[i], "ab"[j]]
    assert not np.isinf(entry.values).any()


def test_the_view_is_part_of_the_result(three):
    scaled = {name: x * np.random.default_rng(0).uniform(0.2, 5, size=(300, 1)) for name, x in three.items()}
    by_direction, by_distance = compare(scaled), compare(scaled, preset=PRESETS["default"].with_(knn_view="raw"))
    assert by_direction.entry("cknna").view == "l2"
    assert by_distance.entry("cknna").view == "raw"
    assert by_direction["cknna"][0, 1] != by_distance["cknna"][0, 1]
    assert all(row["view"] and row["estimator"] and row["n"] == 300 for row in by_direction.rows())


def test_one_column_that_decides_all_distances_is_named(three):
    three["m1"][:, 2] *= 1000
    result = compare(three, metrics=["dcor"])
    assert result.models["top_variance_share"][1] > 0.99
    assert any(note.startswith("m1: one column") for note in result.provenance["notes"])


def test_the_outlier_clip_is_off_by_default_and_recorded(three):
    assert compare(three, metrics=["cknna"]).provenance["settings"]["clip"] is None
    assert compare(three, preset="prh", metrics=["cknna"]).provenance["settings"]["clip"] == 0.95


def test_equal_distances_share_their_mean_rank():
    rng = np.random.default_rng(0)
    models = {name: rng.integers(0, 3, size=(120, 3)) for name in "ab"}
    order = rng.permutation(120)
    shuffled = {name: x[order] for name, x in models.items()}

    def mid_rank(a, b):
        def squares(x):
            d = np.square(x[:, None] - x[None]).sum(2).astype(float)
            np.fill_diagonal(d, np.inf)
            return d

        da, db = squares(a), squares(b)
        nearest = da.argsort(axis=1, kind="stable")[:, 0]
        level = db[np.arange(120), nearest][:, None]
        return ((db < level).sum(1) + ((db == level).sum(1) + 1) / 2).mean() * 2 / 120

    value = compare(models, metrics=["information_imbalance"])["information_imbalance"]
    assert value[0, 1] == pytest.approx(mid_rank(models["a"], models["b"]), abs=1e-12)
    by_index = compare(models, preset="dadapy", metrics=["information_imbalance"])
    assert by_index["information_imbalance"][0, 1] == pytest.approx(imbalance(models["a"], models["b"], 1), abs=1e-12)
    assert any("order of records" in note for note in by_index.provenance["notes"])
    again = compare(shuffled, preset="dadapy", metrics=["information_imbalance"])["information_imbalance"]
    assert again[0, 1] != by_index["information_imbalance"][0, 1]


def test_mixed_n_is_not_tabulated_without_a_flag(three):
    half = {name: x[:150] for name, x in three.items()}
    both = {"all": compare(three, metrics=["cknna"]), "half": compare(half, metrics=["cknna"])}
    with pytest.raises(MetricError, match="different N"):
        tabulate(both, "cknna")
    assert {row["n"] for row in tabulate(both, "cknna", mixed=True)} == {150, 300}


def test_identical_spaces_have_the_imbalance_floor(three):
    result = compare(three, metrics=["information_imbalance"], imbalance_k=(1, 7))
    for k in (1, 7):
        assert np.diag(result[f"information_imbalance@{k}"]) == pytest.approx((k + 1) / 300)


def test_a_saturated_joint_dimension_is_said():
    result = compare(data("gauss", 300, (64, 64)), metrics=["id_correlation"])
    assert any("saturated for m0+m1" in note for note in result.provenance["notes"])
    assert not any(
        "saturated" in n for n in compare(data("gauss", 300, (2, 2)), metrics=["id_correlation"]).provenance["notes"]
    )


def test_half_precision_and_integers_are_widened():
    rng = np.random.default_rng(0)
    big = rng.normal(size=(100, 8)) * 1e4
    half = big.astype(np.float16)
    result = compare(
        {"a": half, "b": rng.integers(0, 9, size=(100, 4)), "c": torch.from_numpy(big).bfloat16()},
        metrics=["dcor", "cknna"],
    )
    wide = compare({"a": half.astype(np.float32)}, metrics=["dcor"])
    assert np.isfinite(result["dcor"]).all()
    assert wide["dcor"][0, 0] == result["dcor"][0, 0]


def test_self_is_excluded_by_index_however_far_the_diagonal_rounds():
    x = np.random.default_rng(0).normal(size=(200, 30)).astype(np.float32) + 1e4
    result = compare({"a": x, "b": x}, metrics=["mutual_knn", "information_imbalance"])
    assert result["mutual_knn"][0, 1] == 1
    assert result["information_imbalance"][0, 1] == pytest.approx(2 / 200)


def test_a_gpu_that_is_not_there_is_no_cpu(three):
    if torch.cuda.is_available():
        assert compare(three, metrics=["dcor"], device="cuda").provenance["device"] == "cuda"
    else:
        with pytest.raises(MetricError, match="a GPU was asked for") as error:
            compare(three, metrics=["dcor"], device="cuda")
        assert error.value.code is ExitCode.GPU_UNUSABLE


def test_names_that_do_not_exist_list_what_there_is(three):
    with pytest.raises(MetricError, match="no metric 'cka'") as error:
        compare(three, metrics=["cka"])
    assert all(metric in str(error.value) for metric in METRICS)
    with pytest.raises(MetricError, match="no preset 'platonic'"):
        compare(three, preset="platonic")
    with pytest.raises(MetricError, match="no precision"):
        compare(three, precision="tf32")
    with pytest.raises(MetricError, match=r"shape \[records, width\], got \(300,\)"):
        compare({"a": np.ones(300)})
    with pytest.raises(MetricError, match="are not numbers"):
        compare({"a": np.array([["x"]])})
    with pytest.raises(MetricError, match="no embeddings"):
        compare({})
    with pytest.raises(MetricError, match="on_bad"):
        compare(three, on_bad="ignore")
