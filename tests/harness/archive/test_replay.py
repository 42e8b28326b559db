"""The script that proves an archive: it agrees with the golden vectors, or says by how much it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matterzoo_harness.archive.replay import compare
from matterzoo_schemas.columns import Strings
from matterzoo_schemas.shard import Embeddings, Layer

TOKENS = {"CCO": [1, 2, 3]}


def written(file: Path, change: float = 0.0, energy: float | None = -1.0, layer: str = "last", status: int = 0) -> Path:
    vectors = np.array([[3.0, 4.0], [1.0, 0.0]], np.float32)
    vectors[0, 0] += change
    energies = None if energy is None else np.array([energy, 0.0])
    Embeddings(
        Strings.pack(["a", "b"]), {layer: Layer(vectors)}, np.array([0, status], np.uint8), Strings.pack(["", ""]),
        energies, None, {"tolerance": 1e-4, "device": "cpu", "tokens": TOKENS},
    ).write(file)  # fmt: skip
    return file


def test_equal_vectors_are_the_same_bits(tmp_path: Path) -> None:
    found = compare(written(tmp_path / "golden"), written(tmp_path / "new"), TOKENS)
    assert found["passed"]
    assert found["message"] == "the same bits"


def test_a_difference_is_told_in_units_of_the_vector_and_passes_within_the_tolerance(tmp_path: Path) -> None:
    golden = written(tmp_path / "golden")
    near = compare(golden, written(tmp_path / "near", 1e-4), TOKENS)
    far = compare(golden, written(tmp_path / "far", 0.5), TOKENS)
    assert near["passed"]
    assert 0 < near["distance"] < 1e-4
    assert not far["passed"]
    assert far["distance"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    "change", [{"energy": -2.0}, {"energy": None}, {"energy": float("nan")}, {"layer": "first"}, {"status": 4}]
)
def test_another_energy_another_layer_or_a_lost_record_does_not_pass(tmp_path: Path, change: dict[str, Any]) -> None:
    assert not compare(written(tmp_path / "golden"), written(tmp_path / "new", **change), TOKENS)["passed"]


def test_other_token_ids_do_not_pass(tmp_path: Path) -> None:
    found = compare(written(tmp_path / "golden"), written(tmp_path / "new"), {"CCO": [1, 2, 4]})
    assert not found["passed"]


def test_an_archive_without_golden_vectors_proves_nothing(tmp_path: Path) -> None:
    assert not compare(tmp_path / "absent", written(tmp_path / "new"), TOKENS)["passed"]
