"""Every figure shows the numbers of the results table, and gives them away beside itself."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from made_study import TRAINED, made, study

from matterzoo_harness.metrics.front_door import compare
from matterzoo_harness.report.figures.choice import order_of_news, pick, pick_table, redundancy
from matterzoo_harness.report.figures.common import clustered
from matterzoo_harness.report.figures.coverage import coverage
from matterzoo_harness.report.figures.dimension import dimension
from matterzoo_harness.report.figures.distribution import distribution
from matterzoo_harness.report.figures.energy import energy
from matterzoo_harness.report.figures.growth import growth
from matterzoo_harness.report.figures.k_sensitivity import k_sensitivity
from matterzoo_harness.report.figures.layout import layout
from matterzoo_harness.report.figures.matrix import condensed, full
from matterzoo_harness.report.figures.metrics_compared import metrics_compared
from matterzoo_harness.report.figures.nulls import nulls
from matterzoo_harness.report.figures.plane import plane
from matterzoo_harness.report.figures.tree import tree
from matterzoo_harness.report.picture import ALL, Panel
from matterzoo_harness.report.results import Results

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def results(folder: Path) -> Results:
    return made(folder, study())


@pytest.fixture(scope="module")
def table(results: Results, folder: Path) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The results table of the data set `in`, by metric, k and pair."""
    rows = pq.read_table(folder / "in" / "metrics" / "pairs.parquet").to_pylist()
    return {(row["metric"], row["k"], row["a"], row["b"]): row for row in rows}


def numbers(values: Any) -> list[float]:
    return [math.nan if value is None else float(value) for value in values]


def test_the_full_matrix_is_the_results_table(results: Results, table: Any) -> None:
    pictures = full(results).pictures["in"]
    assert {"cknna@5", "information_imbalance@1", "id_correlation"} <= set(pictures)
    for key, picture in pictures.items():
        metric, _, k = key.partition("@")
        (trace,) = picture.figure.data
        for a, shown in zip(trace.y, trace.z, strict=True):
            for b, value in zip(trace.x, shown, strict=True):
                assert value == pytest.approx(table[metric, int(k) if k else None, a, b]["value"], abs=1e-5)
        for row in picture.table:
            source = table[row["metric"], row["k"], row["a"], row["b"]]
            assert all(row[name] == pytest.approx(source[name], nan_ok=True) for name in ("value", "q", "null_mean"))


def test_close_models_stand_together(results: Results) -> None:
    names = list(full(results).pictures["in"]["cknna@5"].figure.data[0].x)
    families = [name.partition("-")[0] for name in names if name in TRAINED]
    assert families in (["chgnet"] * 2 + ["sevennet"] * 2, ["sevennet"] * 2 + ["chgnet"] * 2)
    assert clustered(np.array([[1.0, 0.1, 0.9], [0.1, 1.0, 0.2], [0.9, 0.2, 1.0]])) in (
        [1, 0, 2],
        [1, 2, 0],
        [0, 2, 1],
        [2, 0, 1],
    )


def test_a_condensed_cell_is_the_mean_of_its_pairs(results: Results, table: Any) -> None:
    picture = condensed(results).pictures["in"]["cknna@5"]
    cell = next(row for row in picture.table if (row["a"], row["b"]) == ("chgnet", "sevennet"))
    pairs = [row["value"] for (m, k, a, b), row in table.items()
             if (m, k) == ("cknna", 5) and a.startswith("chgnet") and b.startswith("sevennet")]  # fmt: skip
    assert cell["pairs"] == len(pairs) == 6
    assert cell["value"] == pytest.approx(np.mean(pairs))
    own = next(row for row in picture.table if (row["a"], row["b"]) == ("sevennet", "sevennet"))
    assert own["value"] < 1, "a model beside itself does not count"


def test_the_plane_has_both_directions_and_the_colour_it_says(results: Results, table: Any) -> None:
    pictures = plane(results).pictures["in"]
    assert len(pictures) == 2 * 3, "two k, three colours"
    for picture in pictures.values():
        points = picture.figure.data[1]
        for row, x, y in zip(picture.table, points.x, points.y, strict=True):
            assert x == pytest.approx(table["information_imbalance", row["k"], row["a"], row["b"]]["value"])
            assert y == pytest.approx(table["information_imbalance", row["k"], row["b"], row["a"]]["value"])
            if "cknna@5" in row:
                assert row["cknna@5"] == pytest.approx(table["cknna", 5, row["a"], row["b"]]["value"], abs=1e-3)


def test_dimensions_are_those_of_the_models_table(results: Results, folder: Path) -> None:
    models = {row["model"]: row for row in pq.read_table(folder / "in" / "metrics" / "models.parquet").to_pylist()}
    spread = pq.read_table(folder / "in" / "metrics" / "spread.parquet").to_pylist()
    for title, metric in (("TwoNN", "id_twonn"), ("MLE", "id_mle")):
        picture = dimension(results).pictures["in"][title]
        marks = next(trace for trace in picture.figure.data if trace.name == "all records")
        for name, value in zip(marks.y, marks.x, strict=True):
            assert value == pytest.approx(models[name][metric])
        halves = {
            name: [row["value"] for row in spread if row["model"] == name and row["metric"] == metric]
            for name in models
        }
        for trace in picture.figure.data:
            if trace.type == "violin":
                assert list(trace.x) == pytest.approx(halves[trace.y[0]])


def test_values_and_nulls_stand_side_by_side(results: Results, table: Any) -> None:
    picture = nulls(results).pictures["in"]["cknna@5"]
    bars, points = picture.figure.data
    for label, base, width, x in zip(bars.y, bars.base, bars.x, points.x, strict=True):
        source = table["cknna", 5, *label.split(" · ")]
        assert x == pytest.approx(source["subsample_value"])
        assert base + width / 2 == pytest.approx(source["null_mean"])
    assert set(bars.y[0].split(" · ")) <= set(TRAINED), "the most alike pair stands first"
    top = table["cknna", 5, *bars.y[0].split(" · ")]
    assert top["q"] <= 0.15, "19 permutations allow no less than 0.05 before the correction"


def test_k_sensitivity_has_every_k(results: Results, table: Any) -> None:
    picture = k_sensitivity(results).pictures["in"]["CKNNA"]
    assert {row["k"] for row in picture.table} == {2, 5, 10}
    for row in picture.table:
        both = [table["cknna", row["k"], row[x], row[y]]["value"] for x, y in (("a", "b"), ("b", "a"))]
        assert row["value"] == pytest.approx(np.mean(both))
    drawn = {trace.name: numbers(trace.y) for trace in picture.figure.data}
    first = picture.table[0]
    assert first["value"] in drawn[f"{first['a']} · {first['b']}"]


def test_metric_against_metric(results: Results, table: Any) -> None:
    picture = metrics_compared(results).pictures["in"]["mutual k-NN (k = 5)"]
    (points,) = picture.figure.data
    for row, x, y in zip(picture.table, points.x, points.y, strict=True):
        assert x == pytest.approx(table["cknna", 5, row["a"], row["b"]]["value"], abs=1e-3)
        assert y == pytest.approx(table["mutual_knn", 5, row["a"], row["b"]]["value"])


def test_growth_is_the_growth_table(results: Results, folder: Path) -> None:
    rows = pq.read_table(folder / "in" / "metrics" / "growth.parquet").to_pylist()
    source = {(row["n"], row["a"], row["b"]): row["value"] for row in rows if (row["metric"], row["k"]) == ("cknna", 5)}
    picture = growth(results).pictures["in"]["CKNNA (k = 5)"]
    assert {row["n"] for row in picture.table} == {60, 120}
    assert all(row["value"] == source[row["n"], row["a"], row["b"]] for row in picture.table)
    for trace in picture.figure.data:
        a, b = trace.name.split(" · ")
        assert [source[n, a, b] for n in trace.x] == list(trace.y)


def test_in_and_out_of_the_distribution_are_joined_by_pair(results: Results, table: Any, folder: Path) -> None:
    outside = {
        (row["metric"], row["k"], row["a"], row["b"]): row["value"]
        for row in pq.read_table(folder / "out" / "metrics" / "pairs.parquet").to_pylist()
    }
    picture = distribution(results).pictures[ALL]["CKNNA: In / Out"]
    points = picture.figure.data[1]
    for row, x, y in zip(picture.table, points.x, points.y, strict=True):
        pair = ("cknna", 5, row["a"], row["b"])
        assert x == pytest.approx(table[pair]["value"], abs=1e-3)
        assert y == pytest.approx(outside[pair], abs=1e-3)


def test_the_best_model_is_the_one_of_the_smallest_error(results: Results, folder: Path, table: Any) -> None:
    errors = {
        r["model"]: r["corrected_mae_ev"]
        for r in pq.read_table(folder / "in" / "metrics" / "energies.parquet").to_pylist()
    }
    best = min(errors, key=lambda name: errors[name])
    picture = energy(results).pictures["in"]["CKNNA (k = 5), to the best model"]
    assert picture.table[0]["model"] == best
    for row in picture.table:
        assert row["corrected_mae_ev"] == errors[row["model"]]
        assert row[f"cknna@5_to_{best}"] == pytest.approx(table["cknna", 5, best, row["model"]]["value"], abs=1e-3)


def test_every_pair_of_energies_is_shown_with_and_without_a_reference(
    results: Results, folder: Path, table: Any
) -> None:
    source = {
        (r["a"], r["b"]): r["corrected_mae_ev"]
        for r in pq.read_table(folder / "in" / "metrics" / "energy_pairs.parquet").to_pylist()
    }
    blind = replace(results, data=tuple(replace(each, energies=[]) for each in results.data))
    for shown, note in ((results, False), (blind, True)):
        picture = energy(shown).pictures["in"]["CKNNA (k = 5), every pair"]
        assert {(row["a"], row["b"]): row["corrected_mae_ev"] for row in picture.table} == source
        drawn = {(x, y) for trace in picture.figure.data for x, y in zip(trace.x, trace.y, strict=True)}
        assert drawn == {(row["corrected_mae_ev"], row["cknna@5"]) for row in picture.table}
        assert ("No reference energies came with these records" in picture.note) == note
    for row in picture.table:
        both = [table["cknna", 5, *pair]["value"] for pair in ((row["a"], row["b"]), (row["b"], row["a"]))]
        assert row["cknna@5"] == pytest.approx(np.mean(both))
    mute = replace(results, data=tuple(replace(each, energies=[], energy_pairs=[]) for each in results.data))
    (nothing,) = energy(mute).pictures["in"].values()
    assert nothing.figure is None
    assert nothing.empty.startswith("No reference energies came with these records")


def test_below_the_diagonal_is_where_the_text_says_that_b_contains_a(results: Results) -> None:
    whole = np.random.default_rng(0).standard_normal((200, 3)) * [3.0, 1.0, 1.0]
    made = compare({"part": whole[:, :1], "whole": whole}, metrics=("cknna", "information_imbalance"), k=10)
    shown = replace(results, data=(replace(results.data[0], comparison=made),))
    panel = plane(shown)
    points = next(iter(panel.pictures["in"].values())).figure.data[1]
    assert "A = part<br>B = whole" in points.hovertext[0]
    assert points.y[0] < points.x[0] - 0.1
    assert "Far below the diagonal B contains A" in panel.reading


def test_the_plane_says_at_which_k_a_null_was_drawn(results: Results) -> None:
    notes = {key: picture.note for key, picture in plane(results).pictures["in"].items()}
    for key, note in notes.items():
        assert "Unrelated vectors: 1 on average, at every k." in note
        assert ("they were drawn at k = 1 only" in note) == key.startswith("Δ (k = 5)")


def test_the_tree_joins_families_first_and_leaves_noise_out(results: Results) -> None:
    picture = tree(results).pictures["in"][""]
    paths = {frozenset((row["a"], row["b"])): row["distance"] for row in picture.table[:-1]}
    assert set().union(*paths) == set(TRAINED)
    assert paths[frozenset(("chgnet-0.3.0", "chgnet-0.2.0"))] < paths[frozenset(("chgnet-0.3.0", "sevennet-0"))]
    assert picture.table[-1]["b"].endswith(";")
    drawn = {text.strip() for trace in picture.figure.data[1:] for text in trace.text}
    assert drawn == set(TRAINED)


def test_a_choice_rests_on_agreement_rate_and_coverage(results: Results, table: Any) -> None:
    (data, _) = results.data
    rows = {row["model"]: row for row in pick_table(results, data)}
    others = [table["cknna", 5, "sevennet-0", name]["value"] for name in TRAINED if name != "sevennet-0"]
    assert rows["sevennet-0"]["agreement"] == pytest.approx(np.mean(others), abs=1e-3)
    assert rows["sevennet-0"]["records_a_second"] == pytest.approx(120 / 1.5)
    assert not rows["random-gaussian"]["trained"]
    drawn = [x for trace in pick(results).pictures["in"][""].figure.data for x in trace.x]
    assert sorted(drawn) == sorted(row["records_a_second"] for row in rows.values())


def test_what_is_added_next_is_what_is_least_alike(results: Results) -> None:
    near = np.array([[1.0, 0.9, 0.2], [0.9, 1.0, 0.5], [0.2, 0.5, 1.0]])
    assert order_of_news(near) == [(1, None), (2, 0.5), (0, 0.9)]
    picture = redundancy(results).pictures["in"][""]
    assert {row["model"] for row in picture.table} == set(TRAINED)
    assert list(picture.figure.data[0].x)[1:] == [row["closest_above"] for row in picture.table[1:]]


def test_coverage_shows_who_could_read_what(results: Results) -> None:
    picture = coverage(results).pictures[ALL][""]
    assert all(row["share"] == 1 and row["compared"] for row in picture.table)
    assert np.array(picture.figure.data[0].z).shape == (6, 2)


def test_a_layout_has_a_mark_a_record(results: Results) -> None:
    rows = [{"model": "sevennet-0", "data": name, "record": f"{name}-{n}", "x": float(n), "y": 0.5, "energy_error_ev_atom": e}
            for name, e in (("in", 0.1), ("out", None)) for n in range(3)]  # fmt: skip
    panel = layout(Results(results.study, results.data, results.facts, {"sevennet-0": rows}))
    by_data, by_error = panel.pictures[ALL].values()
    assert [list(trace.x) for trace in by_data.figure.data] == [[0.0, 1.0, 2.0]] * 2
    assert list(by_error.figure.data[0].marker.color) == [0.1] * 3
    assert by_data.table == rows
    assert by_data.note == ""
    blind = [{**row, "energy_error_ev_atom": None} for row in rows]
    (only,) = layout(Results(results.study, results.data, results.facts, {"sevennet-0": blind})).pictures[ALL].values()
    assert "no reference energies" in only.note


def test_every_panel_says_why_it_is_empty(results: Results) -> None:
    nothing = Results(results.study, (), {}, {})
    for make in (
        full,
        condensed,
        plane,
        dimension,
        nulls,
        k_sensitivity,
        metrics_compared,
        growth,
        distribution,
        energy,
        tree,
        pick,
        redundancy,
        coverage,
        layout,
    ):
        panel: Panel = make(nothing)
        assert all(p.empty for choices in panel.pictures.values() for p in choices.values() if p.figure is None)
