"""Two models' energies are compared without a reference, and without what the composition alone explains."""

from __future__ import annotations

import numpy as np
import pytest

from matterzoo_harness.metrics.load import Loaded
from matterzoo_harness.studies.energies import differences, errors, sampled
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.views import Structure

COUNT = 40


def records() -> Records:
    """Carbon chains with one to four oxygens: two elements in forty records; no reference energies."""
    return Records.of(
        Sample(
            f"r{n}",
            {
                "atoms": Structure(
                    np.array([6] * (1 + n % 5) + [8] * (1 + n % 4), np.uint8), np.zeros((2 + n % 5 + n % 4, 3))
                )
            },
            {},
        )
        for n in range(COUNT)
    )


def loaded(**energies: np.ndarray) -> Loaded:
    ids = [f"r{n}" for n in range(COUNT)]
    return Loaded(ids=dict.fromkeys(energies, ids), energy=energies)


def test_reference_energies_of_elements_make_no_difference() -> None:
    n = np.arange(COUNT)
    own = np.random.default_rng(0).standard_normal(COUNT)
    (row,) = differences(loaded(a=own, b=own - 3.0 * (1 + n % 5) + 7.0 * (1 + n % 4) + 2.0), records())
    assert (row["a"], row["b"], row["n"]) == ("a", "b", COUNT)
    assert row["corrected_mae_ev"] == pytest.approx(0.0, abs=1e-9)


def test_what_differs_beyond_composition_counts_as_much_either_way() -> None:
    one, other = np.random.default_rng(1).standard_normal((2, COUNT))
    (there,) = differences(loaded(a=one, b=other), records())
    (back,) = differences(loaded(a=other, b=one), records())
    assert there["corrected_mae_ev"] == pytest.approx(back["corrected_mae_ev"])
    assert there["corrected_mae_ev"] > 0.5


def test_a_pair_that_shares_too_few_records_is_left_out() -> None:
    few = np.full(COUNT, np.nan)
    few[:3] = 1.0
    table = differences(loaded(a=np.zeros(COUNT), b=np.ones(COUNT), c=few), records())
    assert [(row["a"], row["b"]) for row in table] == [("a", "b")]


def test_without_reference_energies_there_is_no_error() -> None:
    assert errors(loaded(a=np.zeros(COUNT)), records()) == []


def test_energies_are_compared_on_the_same_few_records() -> None:
    energy = np.arange(COUNT, dtype=np.float64)
    known, drawn = sampled(loaded(a=energy, b=-energy), records(), 10)
    ids = (drawn.ids or {})["a"]
    assert len(known) == 10
    assert set(ids) == set(known.ids)
    assert drawn.energy["a"].tolist() == [float(name[1:]) for name in ids]
    assert (drawn.energy["a"] == -drawn.energy["b"]).all()
    again, _ = sampled(loaded(a=energy), records(), 10)
    assert list(again.ids) == list(known.ids)
