"""What the values of a grid are: names, units, levels and times, written as canonical JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache

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
    except TypeError as error:
        raise ValueError(f"the grid's variables are no list of fields: {error}") from error
