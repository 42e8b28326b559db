"""Which grids no model, or not this model, can take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from matterzoo_schemas.fields import UNITS, lies_on, places_of, wanted_fields
from matterzoo_schemas.shard import Status
from matterzoo_schemas.views import Grid

Refusal = tuple[Status, str]


def refused_grid(grid: Grid, domain: Mapping[str, Any] | None) -> Refusal | None:
    """Say why a grid must not reach the model; None if it may.

    Parameters
    ----------
    grid
        One record's.
    domain
        The card's `domain.grid`; None for a model that takes any.
    """
    try:
        fields = grid.fields
    except ValueError as error:
        return Status.INVALID, str(error)
    if len(fields) != len(grid.values):
        return Status.INVALID, f"{len(grid.values)} fields, and {len(fields)} names"
    if refusal := _bad_axes(grid):
        return refusal
    for field in fields:
        if UNITS.get(field.name, field.units) != field.units:
            return Status.INVALID, f"{field} is in {field.units or 'no unit'}, not in {UNITS[field.name]}"
    needed = list(range(len(fields)))
    if domain is not None:
        if refusal := _other_points(grid, domain):
            return refusal
        wanted = wanted_fields(domain)
        places = places_of(wanted, fields)
        if missing := [str(one) for one, place in zip(wanted, places) if place is None]:  # noqa: B905 (Python 3.10)
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            return Status.UNSUPPORTED, f"the field {missing[0]}{more} is missing, and this model needs it"
        needed = [place for place in places if place is not None]
    for place in needed:
        if bad := int(np.count_nonzero(~np.isfinite(grid.values[place]))):
            return Status.INVALID, f"{fields[place]} is no finite number at {bad} of {grid.values[place].size} points"
    return None


def _bad_axes(grid: Grid) -> Refusal | None:
    for name, axis, least, most in (
        ("latitude", grid.latitude, -90.0, 90.0),
        ("longitude", grid.longitude, 0.0, 360.0),
    ):
        steps = np.diff(axis)
        if not np.isfinite(axis).all() or axis.min() < least or axis.max() > most:
            return Status.INVALID, f"a {name} is not between {least:g} and {most:g} degrees"
        if not (np.all(steps > 0) or (name == "latitude" and np.all(steps < 0))):
            ways = "from pole to pole" if name == "latitude" else "eastwards"
            return Status.INVALID, f"the {name}s do not go {ways}, each one once"
    if grid.longitude[-1] - grid.longitude[0] >= 360:
        return Status.INVALID, "the first longitude stands twice, as 0 and as 360 degrees"
    return None


def _other_points(grid: Grid, domain: Mapping[str, Any]) -> Refusal | None:
    own = grid.from_north()
    if lies_on(own.latitude, own.longitude, domain):
        return None
    poles = "with" if domain["poles"] else "without"
    return Status.UNSUPPORTED, (
        f"{len(own.latitude)} × {len(own.longitude)} points are not this model's "
        f"{domain['latitudes']} × {domain['longitudes']}, {poles} the poles and from 0° east"
    )
