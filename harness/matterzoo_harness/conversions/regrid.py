"""Bring grids to the points that a model takes: first-order conservative, from finer to coarser only.

Each of the model's points stands for the cell between the midpoints to its neighbours, and gets the mean over that
cell's area on the sphere of what the record's cells hold. On grids of latitudes × longitudes the areas' overlaps are
products, so that two matrices do it. Winds are averaged component by component. What counts kinds (soil types) takes
the kind of the largest share instead of a mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matterzoo_harness.readers.result import ReadResult
from matterzoo_schemas.fields import axes_of, lies_on
from matterzoo_schemas.views import Grid, GridColumn

Values = npt.NDArray[np.float64]
NAME = "conservative-regrid"
KINDS = frozenset({"soil_type"})


def regridded(result: ReadResult, domain: Mapping[str, Any]) -> ReadResult:
    """Return the same records on the points of a card's `domain.grid`; what cannot be stands in `unconverted`.

    Parameters
    ----------
    result
        Records of which some have the view `grid`.
    domain
        Numbers of latitudes and longitudes, and whether the poles are among them.
    """
    column = result.records.views.get("grid")
    if column is None:
        return result
    latitude, longitude = axes_of(domain)
    grids: list[Grid | None] = []
    failed: dict[str, str] = {}
    count = 0
    for row, name in enumerate(result.records.ids):
        grid: Grid | None = column[row] if column.present[row] else None
        if grid is not None and not _is_there(grid, domain):
            try:
                grid, count = conservative(grid, latitude, longitude), count + 1
            except ValueError as error:
                failed[name] = str(error)
        grids.append(grid)
    unconverted = {**result.unconverted, "grid": {**result.unconverted.get("grid", {}), **failed}}
    if not count:
        return replace(result, unconverted=unconverted)
    options = {"latitudes": len(latitude), "longitudes": len(longitude), "poles": bool(domain["poles"])}
    step = {"name": NAME, "libraries": {}, "options": options}
    made = {"view": "grid", "from": "grid", "steps": [step], "records": count}
    return replace(
        result,
        records=result.records.with_view("grid", GridColumn.of(grids)),
        unconverted=unconverted,
        conversions=(*result.conversions, made),
    )


def conservative(grid: Grid, latitude: Values, longitude: Values) -> Grid:
    """Return a grid on other points, from north to south.

    Raises
    ------
    ValueError
        If the points are finer than the grid's, the grid does not go around the globe, or its axes are no axes.
    """
    given = grid.from_north()
    steps = (np.diff(given.latitude) < 0).all() and (np.diff(given.longitude) > 0).all()
    if not steps or np.abs(given.latitude).max() > 90 or np.ptp(given.longitude) >= 360:
        raise ValueError("its latitudes and longitudes do not go from pole to pole and once around the globe")
    if len(latitude) > len(given.latitude) or len(longitude) > len(given.longitude):
        raise ValueError(
            f"the model takes {len(latitude)} × {len(longitude)} points, finer than the record's "
            f"{len(given.latitude)} × {len(given.longitude)}, and what lies between these is not known"
        )
    rows = _shares(_bands(given.latitude), _bands(latitude))
    columns = _shares_around(_meridians(given.longitude), _meridians(longitude))
    values = np.empty((len(given.values), len(latitude), len(longitude)), np.float32)
    for place, (field, one) in enumerate(zip(given.fields, given.values.astype(np.float64), strict=True)):
        if field.name in KINDS:
            values[place] = one[rows.argmax(axis=1)][:, columns.argmax(axis=1)]
            continue
        hole = ~np.isfinite(one)
        values[place] = rows @ np.where(hole, 0, one) @ columns.T
        if hole.any():
            values[place][rows @ hole.astype(np.float64) @ columns.T > 0] = np.nan
    return Grid(values, latitude, longitude, given.variables)


def _is_there(grid: Grid, domain: Mapping[str, Any]) -> bool:
    own = grid.from_north()
    return lies_on(own.latitude, own.longitude, domain)


def _bands(latitude: Values) -> Values:
    """Return the edges [n+1] of the cells around latitudes from north to south, as sines."""
    middles = (latitude[1:] + latitude[:-1]) / 2
    step = (latitude[0] - latitude[-1]) / (len(latitude) - 1)
    ends = np.clip([latitude[0] + step / 2, latitude[-1] - step / 2], -90, 90)
    edges: Values = np.sin(np.radians(np.concatenate([ends[:1], middles, ends[1:]])))
    return edges


def _meridians(longitude: Values) -> Values:
    """Return the edges [n+1] of the cells around longitudes, once around the globe."""
    step = np.ptp(longitude) / (len(longitude) - 1)
    if longitude[0] + 360 - longitude[-1] > 1.5 * step:
        raise ValueError("it does not go around the globe")
    middles = (longitude[1:] + longitude[:-1]) / 2
    last = (longitude[-1] + longitude[0] + 360) / 2
    edges: Values = np.concatenate([[last - 360], middles, [last]])
    return edges


def _shares(given: Values, wanted: Values) -> Values:
    """Return which share of each wanted cell [wanted, given] lies in each given one; edges fall."""
    upper = np.minimum(wanted[:-1, None], given[None, :-1])
    lower = np.maximum(wanted[1:, None], given[None, 1:])
    shares: Values = np.maximum(upper - lower, 0) / (wanted[:-1] - wanted[1:])[:, None]
    if np.any(shares.sum(axis=1) < 1 - 1e-6):
        raise ValueError("it does not reach from pole to pole")
    return shares


def _shares_around(given: Values, wanted: Values) -> Values:
    """Return which share of each wanted cell [wanted, given] lies in each given one; edges rise, and 360° is 0°."""
    total = np.zeros((len(wanted) - 1, len(given) - 1))
    for turn in (-360.0, 0.0, 360.0):
        upper = np.minimum(wanted[1:, None], given[None, 1:] + turn)
        lower = np.maximum(wanted[:-1, None], given[None, :-1] + turn)
        total += np.maximum(upper - lower, 0)
    shares: Values = total / np.diff(wanted)[:, None]
    return shares
