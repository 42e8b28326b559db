"""Names and units of fields as files write them, and as ERA5 does; docs/input.md lists them for users."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from matterzoo_schemas.fields import UNITS

if TYPE_CHECKING:
    import xarray

SHORT = {
    "t2m": "2m_temperature", "2t": "2m_temperature", "tas": "2m_temperature", "u10": "10m_u_component_of_wind",
    "10u": "10m_u_component_of_wind", "uas": "10m_u_component_of_wind", "v10": "10m_v_component_of_wind",
    "10v": "10m_v_component_of_wind", "vas": "10m_v_component_of_wind", "msl": "mean_sea_level_pressure",
    "psl": "mean_sea_level_pressure", "sp": "surface_pressure", "ps": "surface_pressure", "tp": "total_precipitation",
    "tisr": "toa_incident_solar_radiation", "sst": "sea_surface_temperature", "z": "geopotential", "t": "temperature",
    "ta": "temperature", "u": "u_component_of_wind", "ua": "u_component_of_wind", "v": "v_component_of_wind",
    "va": "v_component_of_wind", "w": "vertical_velocity", "wap": "vertical_velocity", "q": "specific_humidity",
    "hus": "specific_humidity", "r": "relative_humidity", "hur": "relative_humidity", "lsm": "land_sea_mask",
    "slt": "soil_type", "orog": "orography",
}  # fmt: skip
"""Short names of ECMWF and of CMIP."""
STANDARD = {
    "geopotential": "geopotential", "air_temperature": "temperature", "eastward_wind": "u_component_of_wind",
    "northward_wind": "v_component_of_wind", "lagrangian_tendency_of_air_pressure": "vertical_velocity",
    "specific_humidity": "specific_humidity", "relative_humidity": "relative_humidity",
}  # fmt: skip
"""CF's standard names of fields on pressure levels."""
LEVELS = ("level", "pressure_level", "plev", "isobaricInhPa", "lev", "pressure")
IN_HPA = {"hPa": 1.0, "millibars": 1.0, "millibar": 1.0, "mbar": 1.0, "mb": 1.0, "Pa": 0.01}
NO_UNIT = ("", "~", "(0 - 1)", "0-1", "1", "dimensionless", "numeric")


def era5_name(values: xarray.DataArray, *, level: bool, time: bool) -> str:
    """Return ERA5's name of a variable, by its own name or its CF standard name; its own if neither is known.

    Parameters
    ----------
    values
        The variable.
    level, time
        Whether it has pressure levels, and whether it changes: a geopotential with neither is that of the ground.
    """
    own = str(values.name)
    standard = STANDARD.get(str(values.attrs.get("standard_name", ""))) if level else None
    name = own if own in UNITS else SHORT.get(own) or standard or own
    return "geopotential_at_surface" if name == "geopotential" and not level and not time else name


def era5_units(units: str) -> str:
    """Write units as ERA5 does: `m/s`, `m s-1` and `m s^-1` are `m s**-1`; no value is converted."""
    if units.strip() in NO_UNIT:
        return "1"
    above, *below = units.split("/")
    parts = [(name, int(power or 1)) for name, power in _factors(above)]
    parts += [(name, -int(power or 1)) for piece in below for name, power in _factors(piece)]
    return " ".join(name if power == 1 else f"{name}**{power}" for name, power in parts)


def is_level(values: xarray.DataArray, name: str) -> bool:
    """Tell whether a dimension holds pressures."""
    return name in LEVELS and name in values.coords and _level_units(values, name) in IN_HPA


def pressure_in_hpa(values: xarray.DataArray, name: str) -> list[float]:
    """Return the pressures along a dimension in hPa."""
    pressures = np.atleast_1d(values[name].values).astype(np.float64) * IN_HPA[_level_units(values, name)]
    return [float(pressure) for pressure in np.round(pressures, 6)]


def _level_units(values: xarray.DataArray, name: str) -> str:
    units = str(values[name].attrs.get("units", ""))
    return units or ("hPa" if name != "plev" else "Pa")


def _factors(units: str) -> list[tuple[str, str]]:
    return re.findall(r"([A-Za-z%]+)(?:\*\*|\^)?(-?\d+)?", units.strip())
