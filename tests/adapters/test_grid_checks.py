"""What no model of grids, or not this one, can take is refused in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matterzoo_adapters.conformance.fields import from_south, grids, in_disorder, with_another, with_holes, without
from matterzoo_adapters.worker.checks import refusals
from matterzoo_schemas.fields import Field, pack_fields
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.shard import Status
from matterzoo_schemas.views import Grid

DOMAIN: dict[str, Any] = {
    "latitudes": 6, "longitudes": 12, "poles": True, "surface": ["2m_temperature"], "upper": ["geopotential"],
    "levels": [500], "static": ["land_sea_mask"], "hours": [-6, 0],
}  # fmt: skip
GOOD = grids(DOMAIN)["two waves"]
TWICE = np.linspace(0, 360, 12)


def refused(grid: Grid, domain: dict[str, Any] | None = DOMAIN) -> tuple[Status, str] | None:
    """One record's refusal; None if it may reach the model."""
    return refusals(Records.of([Sample("a", {"grid": grid})]), "grid", {"grid": domain}).get(0)


@pytest.mark.parametrize("grid", [GOOD, from_south(GOOD), with_another(GOOD)], ids=["good", "from south", "one more"])
def test_what_has_all_that_the_model_wants_may_pass(grid: Grid) -> None:
    assert refused(grid) is None


@pytest.mark.parametrize(
    ("grid", "status", "words"),
    [
        (without(GOOD, 1), Status.UNSUPPORTED, "geopotential at 500 hPa, 6 h before is missing"),
        (with_holes(GOOD, 0), Status.INVALID, "2m_temperature is no finite number at 1 of 72 points"),
        (in_disorder(GOOD), Status.INVALID, "the latitudes do not go from pole to pole"),
        (replace(GOOD, longitude=TWICE), Status.INVALID, "the first longitude stands twice"),
        (replace(GOOD, longitude=GOOD.longitude - 180), Status.INVALID, "a longitude is not between 0 and 360"),
        (replace(GOOD, longitude=GOOD.longitude + 1), Status.UNSUPPORTED, "not this model's 6 × 12, with the poles"),
        (replace(GOOD, variables="[]"), Status.INVALID, "5 fields, and 0 names"),
        (replace(GOOD, variables='[{"what": 1}]'), Status.INVALID, "no list of fields"),
        (replace(GOOD, variables="nothing"), Status.INVALID, "no list of fields"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words(grid: Grid, status: Status, words: str) -> None:
    refusal = refused(grid)
    assert refusal is not None
    assert refusal[0] == status
    assert words in refusal[1]


def test_a_field_in_another_unit_is_refused_and_never_converted() -> None:
    fields = [replace(field, units="degC") if field.name == "2m_temperature" else field for field in GOOD.fields]
    refusal = refused(replace(GOOD, variables=pack_fields(fields)))
    assert refusal == (Status.INVALID, "2m_temperature is in degC, not in K")


def test_a_model_that_takes_any_grid_is_given_any_without_holes() -> None:
    assert refused(without(GOOD, 1), None) is None
    assert refused(with_another(GOOD), None) is not None


def test_one_record_costs_no_other() -> None:
    records = Records.of([Sample("a", {"grid": GOOD}), Sample("b", {"grid": without(GOOD, 0)}), Sample("c", {})])
    found = refusals(records, "grid", {"grid": DOMAIN})
    assert {row: status for row, (status, _) in found.items()} == {1: Status.UNSUPPORTED, 2: Status.MISSING_VIEW}


def test_fields_without_any_time_are_those_of_now() -> None:
    fields = [Field(field.name, field.units, field.level) for field in GOOD.fields]
    timeless = Grid(GOOD.values[2:], GOOD.latitude, GOOD.longitude, pack_fields(fields[2:]))
    assert refused(timeless, {**DOMAIN, "hours": [0]}) is None
