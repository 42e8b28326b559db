"""A comparison is a folder: tables that anyone reads, and everything that decided the numbers."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from metric_references import data

from matterzoo_harness.metrics import Comparison, MetricError, compare


@pytest.fixture(scope="module")
def result():
    return compare(data("shared", 120, (8, 16)) | {"flat": np.ones((120, 2))}, k=(5, 10))


def test_a_folder_gives_back_what_was_written(result, tmp_path):
    again = Comparison.from_folder(result.to_folder(tmp_path / "out"))
    assert again.names == result.names
    assert again.provenance == json.loads(json.dumps(result.provenance))
    for entry in result.entries:
        other = again.entry(entry.key)
        np.testing.assert_array_equal(other.values, entry.values)
        assert (other.view, other.estimator, other.reasons) == (entry.view, entry.estimator, entry.reasons)
    for name, values in result.models.items():
        np.testing.assert_array_equal(again.models[name], values)


def test_the_long_table_stands_on_its_own(result, tmp_path):
    table = pq.read_table(result.to_folder(tmp_path) / "pairs.parquet").to_pylist()
    row = next(r for r in table if (r["metric"], r["k"], r["a"], r["b"]) == ("cknna", 5, "m0", "m1"))
    assert row["value"] == result["cknna@5"][0, 1]
    assert (row["n"], row["dtype"], row["preset"], row["view"]) == (120, "float32", "default", "l2")
    missing = next(r for r in table if r["b"] == "flat" and r["metric"] == "dcor")
    assert missing["value"] is None
    assert "constant" in missing["reason"]


def test_a_metric_against_k_is_one_array(result):
    ks, values = result.against_k("cknna")
    assert ks.tolist() == [5, 10]
    np.testing.assert_array_equal(values[1], result["cknna@10"])
    assert "cknna@5" in result
    assert "cknna@7" not in result


def test_what_was_not_computed_is_refused(result, tmp_path):
    with pytest.raises(MetricError, match="'svcca' was not computed"):
        result["svcca"]
    with pytest.raises(MetricError, match="no finished comparison"):
        Comparison.from_folder(tmp_path)


def test_the_folder_of_another_format_is_refused(result, tmp_path):
    result.to_folder(tmp_path)
    document = json.loads((tmp_path / "comparison.json").read_text())
    (tmp_path / "comparison.json").write_text(json.dumps(document | {"format": 99}))
    with pytest.raises(MetricError, match="format 99"):
        Comparison.from_folder(tmp_path)
