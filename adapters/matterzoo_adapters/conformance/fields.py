"""Grids that the suite asks about: smooth fields of the size that the atmosphere's have, on the card's own points."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from matterzoo_schemas.fields import UNITS, Field, Wanted, axes_of, own_time, pack_fields, wanted_fields
from matterzoo_schemas.views import Grid

Values = npt.NDArray[np.float64]
ANY: Mapping[str, Any] = {
    "latitudes": 8, "longitudes": 16, "poles": False, "surface": ("2m_temperature", "mean_sea_level_pressure"),
    "upper": ("temperature", "geopotential"), "levels": (500.0, 850.0), "static": ("land_sea_mask",), "hours": (0,),
}  # fmt: skip
"""What a model that takes any grid is asked about."""
FIRST = datetime.fromisoformat("2020-01-15T12:00")
WAVES = {"two waves": 2, "three waves": 3, "five waves": 5}
SURFACE = {
    "2m_temperature": (280.0, 20.0), "mean_sea_level_pressure": (101_000.0, 1_500.0), "surface_pressure": (97e3, 3e3),
    "total_precipitation_6hr": (1e-3, 1e-3), "toa_incident_solar_radiation": (2e6, 1e6),
}  # fmt: skip
"""Mean and amplitude of what is neither a wind nor on levels."""
STEP = {"land_sea_mask": 1.0, "soil_type": 3.0, "geopotential_at_surface": 8_000.0, "orography": 800.0}
"""What is zero on the sea, and its value on land."""


def grids(domain: Mapping[str, Any] | None) -> dict[str, Grid]:
    """Return states of a card's `domain.grid` by name; of any grid if it has none."""
    domain = domain or ANY
    latitude, longitude = axes_of(domain)
    wanted = wanted_fields(domain)
    made = {}
    for number, (name, waves) in enumerate(WAVES.items()):
        time = FIRST + timedelta(days=67 * number)
        fields = [_field(one, time) for one in wanted]
        values = [
            _values(one, latitude, longitude, 1 if one.hours is None else waves, place)
            for place, one in enumerate(wanted)
        ]
        made[name] = Grid(np.array(values, np.float32), latitude, longitude, pack_fields(fields))
    return made


def without(grid: Grid, place: int) -> Grid:
    """Return a grid that lacks a field."""
    kept = [row for row in range(len(grid.values)) if row != place]
    fields = [grid.fields[row] for row in kept]
    return Grid(grid.values[kept], grid.latitude, grid.longitude, pack_fields(fields))


def with_holes(grid: Grid, place: int) -> Grid:
    """Return a grid of which a field has no value at one point."""
    values = grid.values.copy()
    values[place, -1, -1] = np.nan
    return Grid(values, grid.latitude, grid.longitude, grid.variables)


def with_another(grid: Grid) -> Grid:
    """Return a grid with one more field first, which no model wants and which land cuts holes into."""
    now = own_time(grid.fields)
    field = Field("sea_surface_temperature", "K", None, now.isoformat(timespec="minutes") if now else None)
    another = np.full(grid.values.shape[1:], 290.0, np.float32)
    another[0] = np.nan
    return Grid(
        np.concatenate([another[None], grid.values]), grid.latitude, grid.longitude, pack_fields([field, *grid.fields])
    )


def from_south(grid: Grid) -> Grid:
    """Return the same grid written from south to north."""
    return Grid(grid.values[:, ::-1], grid.latitude[::-1], grid.longitude, grid.variables)


def in_disorder(grid: Grid) -> Grid:
    """Return a grid of which two latitudes have changed places."""
    order = np.arange(len(grid.latitude))
    order[[1, 2]] = order[[2, 1]]
    return Grid(grid.values, grid.latitude[order], grid.longitude, grid.variables)


def turned(grid: Grid) -> Grid:
    """Return the atmosphere turned half around the globe, land and all."""
    values = np.roll(grid.values, len(grid.longitude) // 2, axis=2)
    return Grid(values, grid.latitude, grid.longitude, grid.variables)


def _field(wanted: Wanted, time: datetime) -> Field:
    moment = None if wanted.hours is None else time + timedelta(hours=wanted.hours)
    return Field(
        wanted.name, UNITS.get(wanted.name, "1"), wanted.level, moment.isoformat(timespec="minutes") if moment else None
    )


def _values(wanted: Wanted, latitude: Values, longitude: Values, waves: int, place: int) -> Values:
    """Return one field [latitudes, longitudes]: a mean and a pattern of order 1 that has one value at a pole."""
    north, east = np.radians(latitude)[:, None], np.radians(longitude)[None]
    phase = 0.7 * place
    pattern = (
        0.1 * waves
        + 0.3 * np.sin(north)
        + 0.5 * np.cos(north) ** 2 * np.cos(waves * east + phase)
        + 0.2 * np.cos(north) * np.sin(east - 2 * phase)
    )
    if wanted.name in STEP:
        return np.where(pattern > 0.1, STEP[wanted.name], 0.0)
    mean, amplitude = _scale(wanted)
    return mean + amplitude * pattern


def _scale(wanted: Wanted) -> tuple[float, float]:
    level = wanted.level or 1000.0
    if wanted.name == "geopotential":
        mean = 287.0 * 250.0 * float(np.log(1013.0 / level))
        return mean, 0.02 * mean + 200.0
    if wanted.name == "temperature":
        return max(288.0 * (level / 1013.0) ** 0.19, 216.0), 15.0
    if wanted.name == "specific_humidity":
        mean = 0.01 * (level / 1000.0) ** 3
        return mean, 0.8 * mean
    if wanted.name == "relative_humidity":
        return 50.0, 40.0
    return SURFACE.get(wanted.name, (0.0, 10.0))
