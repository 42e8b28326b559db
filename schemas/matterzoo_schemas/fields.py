"""What the values of a grid are (names, units, levels, times, as canonical JSON), and which of them a model wants."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from matterzoo_schemas.canonical import canonical_json

UNITS: Mapping[str, str] = {
    "2m_temperature": "K", "10m_u_component_of_wind": "m s**-1", "10m_v_component_of_wind": "m s**-1",
    "mean_sea_level_pressure": "Pa", "surface_pressure": "Pa", "total_precipitation": "m",
    "total_precipitation_6hr": "m", "toa_incident_solar_radiation": "J m**-2", "sea_surface_temperature": "K",
    "geopotential": "m**2 s**-2", "temperature": "K", "u_component_of_wind": "m s**-1",
    "v_component_of_wind": "m s**-1", "vertical_velocity": "Pa s**-1", "specific_humidity": "kg kg**-1",
    "relative_humidity": "%", "geopotential_at_surface": "m**2 s**-2", "land_sea_mask": "1", "soil_type": "1",
    "orography": "m",
}  # fmt: skip
"""Names of ERA5 as models are told them, and the unit that each is in; other names may be in any."""

NEAR = 1e-3
"""Points this close, as a fraction of the grid's step, are the same: files hold axes in single precision."""


@dataclass(frozen=True)
class Field:
    """One field of a grid.

    Parameters
    ----------
    name
        As ERA5 calls it (`geopotential`, `2m_temperature`), where it has a name there.
    units
        As ERA5 writes them (`m**2 s**-2`).
    level
        Pressure in hPa; None at the surface.
    time
        When it holds, ISO 8601 in UTC (`2020-01-01T06:00`); None if it never changes.
    """

    name: str
    units: str
    level: float | None = None
    time: str | None = None

    def __str__(self) -> str:
        return self.name if self.level is None else f"{self.name} at {self.level:g} hPa"


def pack_fields(fields: Iterable[Field]) -> str:
    """Write fields as `Grid.variables` holds them."""
    return canonical_json([asdict(field) for field in fields]).decode()


@lru_cache(maxsize=256)
def unpack_fields(variables: str) -> tuple[Field, ...]:
    """Read the fields of `Grid.variables`.

    Raises
    ------
    ValueError
        If it is no list of fields.
    """
    try:
        return tuple(Field(**entry) for entry in json.loads(variables))
    except (TypeError, ValueError) as error:
        raise ValueError(f"the grid's variables are no list of fields: {error}") from error


class Wanted(NamedTuple):
    """A field that a model takes: `hours` before the record's own time (0, -6, …), or None if it never changes."""

    name: str
    level: float | None
    hours: int | None

    def __str__(self) -> str:
        place = "" if self.level is None else f" at {self.level:g} hPa"
        return f"{self.name}{place}" + (f", {-self.hours} h before" if self.hours else "")


def wanted_fields(domain: Mapping[str, Any]) -> list[Wanted]:
    """List the fields that a card's `domain.grid` asks for: time by time, at the surface, then level by level."""
    changing = [
        Wanted(name, level, hours)
        for hours in domain["hours"]
        for name, level in (
            *((name, None) for name in domain["surface"]),
            *((name, float(level)) for name in domain["upper"] for level in domain["levels"]),
        )
    ]
    return changing + [Wanted(name, None, None) for name in domain["static"]]


def own_time(fields: Iterable[Field]) -> datetime | None:
    """Return a record's own time: the latest of its fields; None if none says when it holds."""
    return max((datetime.fromisoformat(field.time) for field in fields if field.time), default=None)


def places_of(wanted: Sequence[Wanted], fields: Sequence[Field]) -> list[int | None]:
    """Find each wanted field among those of a record; None where it is missing.

    A record of which no field says when it holds has one time, its own.
    """
    now = own_time(fields)
    there: dict[tuple[str, float | None, datetime | None], int] = {}
    static: dict[str, int] = {}
    for place, field in enumerate(fields):
        moment = datetime.fromisoformat(field.time) if field.time else None
        there.setdefault((field.name, field.level, moment), place)
        if field.level is None:
            static.setdefault(field.name, place)
    return [
        static.get(name)
        if hours is None
        else there.get((name, level, now + timedelta(hours=hours) if now else None))
        if now or hours == 0
        else None
        for name, level, hours in wanted
    ]


def axes_of(domain: Mapping[str, Any]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the points of a card's `domain.grid`: degrees north, from north to south, and degrees east, from 0."""
    rows, columns = domain["latitudes"], domain["longitudes"]
    edge = 90.0 if domain["poles"] else 90.0 - 90.0 / rows
    return np.linspace(edge, -edge, rows), np.arange(columns) * (360.0 / columns)


def lies_on(latitude: npt.NDArray[np.float64], longitude: npt.NDArray[np.float64], domain: Mapping[str, Any]) -> bool:
    """Tell whether a grid, from north to south, lies on the points of a card's `domain.grid`."""
    return all(
        len(own) == len(wanted) and bool(np.all(np.abs(own - wanted) < NEAR * abs(wanted[1] - wanted[0])))
        for own, wanted in zip((latitude, longitude), axes_of(domain))  # noqa: B905 (Python 3.10)
    )
