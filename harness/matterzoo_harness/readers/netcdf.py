"""Fields on latitudes and longitudes from NetCDF with xarray: a record a time step."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import numpy as np
import numpy.typing as npt
import xarray

from matterzoo_harness.readers.field_names import era5_name, era5_units, is_level, pressure_in_hpa
from matterzoo_harness.readers.files import Source
from matterzoo_harness.readers.result import Entry
from matterzoo_schemas.fields import Field, pack_fields
from matterzoo_schemas.views import Grid

LATITUDE, LONGITUDE = ("latitude", "lat"), ("longitude", "lon")
TIME = ("time", "valid_time")
BEFORE = np.timedelta64(6, "h")
"""Models that look back look this far: a record holds the step so much earlier, too, where the file has it."""
CLASSIC = b"CDF"
"""How a file of NetCDF 3 begins; those of NetCDF 4 are HDF5."""

Taken = tuple[str, "xarray.DataArray", str]
"""ERA5's name of a variable, its values, and the dimension of its levels (or nothing)."""


def read_netcdf(source: Source) -> Iterator[Entry]:
    """Yield the time steps as `<file>:<time>`, or the whole file where it has no times.

    Raises
    ------
    ValueError
        If no variable lies on latitudes and longitudes, or one has a dimension that is none of a field's.
    """
    engine = "scipy" if source.head(3) == CLASSIC else "h5netcdf"
    with source.plain_path() as path, xarray.open_dataset(path, engine=engine, decode_timedelta=False) as data:
        latitude, longitude = _coordinate(data, LATITUDE), _coordinate(data, LONGITUDE)
        time = next((name for name in TIME if name in data.dims), "")
        variables = [_taken(data[name], {latitude, longitude, time}) for name in _fields(data, latitude, longitude)]
        steps = data[time].values if time else np.array([None])
        for row, moment in enumerate(steps):
            yield _entry(source.name, variables, (latitude, longitude, time), steps, row, moment)


def _coordinate(data: xarray.Dataset, names: tuple[str, ...]) -> str:
    found = next((name for name in names if name in data.dims and name in data.coords), None)
    if found is None:
        raise ValueError(
            f"no dimension {' or '.join(names)} with its values; fields on other grids must be brought to one first"
        )
    return found


def _fields(data: xarray.Dataset, latitude: str, longitude: str) -> list[Hashable]:
    found = [name for name, values in data.data_vars.items() if {latitude, longitude} <= set(values.dims)]
    if not found:
        raise ValueError("no variable lies on latitudes and longitudes")
    return found


def _taken(values: xarray.DataArray, known: set[str]) -> Taken:
    """Name a variable as ERA5 does, drop dimensions of length one, and find its levels."""
    level = ""
    for name in map(str, values.dims):
        if name in known:
            continue
        if is_level(values, name):
            level = name
        elif values.sizes[name] == 1:
            values = values.isel({name: 0})
        else:
            raise ValueError(
                f"{values.name} has {values.sizes[name]} values along {name}: choose one first, as in "
                f"xarray.open_dataset(file).isel({name}=0).to_netcdf(other)"
            )
    return era5_name(values, level=bool(level), time=any(name in values.dims for name in TIME)), values, level


def _entry(
    name: str, variables: list[Taken], axes: tuple[str, str, str], steps: npt.NDArray[np.generic], row: int,
    moment: np.datetime64 | None,
) -> Entry:  # fmt: skip
    """Make one step's record; whatever is wrong with it costs no other."""
    if moment is None:
        id_, rows = None, [0]
    else:
        if not isinstance(moment, np.datetime64) or np.isnat(moment):
            return Entry(f"{name}:{row}", failure=f"time step {row} is no date of the Gregorian calendar: {moment}")
        id_ = f"{name}:{_minutes(moment)}"
        rows = [*np.flatnonzero(steps == moment - BEFORE)[:1].tolist(), row]
    try:
        return Entry(id_, {"grid": _grid(variables, axes, steps, rows)})
    except Exception as error:  # noqa: BLE001 (HDF5 raises what it meets in a damaged chunk)
        return Entry(id_, failure=f"the time step cannot be read: {error or type(error).__name__}")


def _grid(variables: list[Taken], axes: tuple[str, str, str], steps: npt.NDArray[np.generic], rows: list[int]) -> Grid:
    latitude, longitude, time = axes
    fields: list[Field] = []
    values: list[npt.NDArray[np.float32]] = []

    def add(taken: Taken, one: xarray.DataArray, when: str | None) -> None:
        name, _, level = taken
        units = era5_units(str(one.attrs.get("units", "")))
        order = [dim for dim in (level, latitude, longitude) if dim]
        array = np.asarray(one.transpose(*order).values, np.float32)
        levels = pressure_in_hpa(one, level) if level else [None]
        fields.extend(Field(name, units, pressure, when) for pressure in levels)
        values.extend(array if level else array[None])

    for row in rows:
        for taken in variables:
            if time and time in taken[1].dims:
                add(taken, taken[1].isel({time: row}), _minutes(steps[row]))
    for taken in variables:
        if not time or time not in taken[1].dims:
            add(taken, taken[1], None)
    first = variables[0][1]
    east = np.asarray(first[longitude].values, np.float64) % 360
    order = np.argsort(east, kind="stable")
    stacked = np.stack(values)[:, :, order]
    return Grid(stacked, np.asarray(first[latitude].values, np.float64), east[order], pack_fields(fields))


def _minutes(moment: np.generic) -> str:
    return str(np.datetime_as_string(np.asarray(moment, "datetime64[m]")))
