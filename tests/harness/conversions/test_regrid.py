"""Regridding keeps what is there: means over the sphere, holes, kinds; and makes nothing up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from matterzoo_harness.conversions.regrid import conservative
from matterzoo_harness.inputs import Inputs
from matterzoo_harness.readers.result import ReadResult
from matterzoo_harness.samples.grids import samples
from matterzoo_schemas.card import GridDomain
from matterzoo_schemas.fields import Field, axes_of, pack_fields
from matterzoo_schemas.records import Records
from matterzoo_schemas.shard import Status
from matterzoo_schemas.views import Grid

FINE = {"latitudes": 37, "longitudes": 72, "poles": True}
COARSE = {"latitudes": 12, "longitudes": 24, "poles": False}


def mean(grid: Grid, place: int) -> float:
    """Over the sphere, each point standing for the band between the midpoints to its neighbours."""
    edges = np.concatenate([[90.0], (grid.latitude[1:] + grid.latitude[:-1]) / 2, [-90.0]])
    return float(-np.diff(np.sin(np.radians(edges))) @ grid.values[place].astype(np.float64).mean(axis=1)) / 2


def one_field(name: str, values: np.ndarray, domain: dict[str, object] = FINE) -> Grid:
    return Grid(values[None].astype(np.float32), *axes_of(domain), pack_fields([Field(name, "1")]))


def test_the_mean_over_the_sphere_of_every_field_is_kept() -> None:
    (sample,) = samples(1, 37, 72, poles=True)
    fine = sample.views["grid"]
    coarse = conservative(fine, *axes_of(COARSE))
    assert coarse.values.shape == (len(fine.values), 12, 24)
    assert coarse.fields == fine.fields
    for place, field in enumerate(fine.fields):
        if field.name != "soil_type":
            assert mean(coarse, place) == pytest.approx(mean(fine, place), rel=1e-5, abs=1e-5), field


def test_a_constant_stays_what_it_is_and_a_grid_from_the_south_is_the_same() -> None:
    fine = one_field("a", np.full((37, 72), 7.0))
    np.testing.assert_allclose(conservative(fine, *axes_of(COARSE)).values, 7.0, rtol=1e-6)
    rough = one_field("a", np.random.default_rng(0).normal(size=(37, 72)))
    turned = Grid(rough.values[:, ::-1], rough.latitude[::-1], rough.longitude, rough.variables)
    np.testing.assert_array_equal(
        conservative(rough, *axes_of(COARSE)).values, conservative(turned, *axes_of(COARSE)).values
    )


def test_a_smooth_field_is_that_of_the_coarse_points() -> None:
    state = [
        samples(1, *points, poles=poles)[0].views["grid"] for points, poles in (((180, 360), False), ((12, 24), False))
    ]
    coarse = conservative(state[0], state[1].latitude, state[1].longitude)
    temperature = state[1].fields.index(next(f for f in state[1].fields if f.name == "temperature" and f.level == 500))
    assert np.abs(coarse.values[temperature] - state[1].values[temperature]).max() < 2.0


def test_a_hole_stays_a_hole_and_only_where_it_is() -> None:
    values = np.ones((37, 72))
    values[18, 36] = np.nan
    coarse = conservative(one_field("a", values), *axes_of(COARSE))
    assert 1 <= np.isnan(coarse.values).sum() <= 4
    np.testing.assert_allclose(coarse.values[np.isfinite(coarse.values)], 1.0, rtol=1e-6)


def test_kinds_are_never_averaged() -> None:
    kinds = np.random.default_rng(0).integers(0, 7, size=(37, 72))
    coarse = conservative(one_field("soil_type", kinds), *axes_of(COARSE))
    assert set(np.unique(coarse.values)) <= set(range(7))


def test_finer_points_and_regions_are_refused() -> None:
    with pytest.raises(ValueError, match="finer than the record's 12 × 24"):
        conservative(one_field("a", np.ones((12, 24)), COARSE), *axes_of(FINE))
    region = Grid(np.ones((1, 20, 40), np.float32), np.linspace(60, 20, 20), np.linspace(0, 50, 40), "[]")
    with pytest.raises(ValueError, match="from pole to pole"):
        conservative(region, *axes_of(COARSE))


def test_what_is_brought_to_a_models_points_is_recorded_and_what_cannot_be_fails_alone(tmp_path: Path) -> None:
    fine, coarse = samples(1, 37, 72, poles=True)[0], samples(2, 6, 12, poles=False)[1]
    inputs = Inputs(ReadResult(Records.of([fine, coarse])), tmp_path)
    given = inputs.with_view("grid", GridDomain(**COARSE))
    assert given.derived is not None
    (conversion,) = given.derived["conversions"]
    assert conversion["steps"][0] == {"name": "conservative-regrid", "libraries": {}, "options": COARSE}
    assert conversion["records"] == 1
    ((row, (status, reason)),) = given.failures.items()
    assert (row, status) == (1, Status.INVALID)
    assert "finer" in reason
    assert given.records.views["grid"][0].values.shape[1:] == (12, 24)
    assert inputs.with_view("grid").derived is None
