"""Give records the view that a model asks for."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from matterzoo_harness.conversions.routes import ROUTES, Route
from matterzoo_harness.readers.result import ReadResult
from matterzoo_schemas.views import COLUMNS

Progress = Callable[[int, int], None]
"""Called with the records converted and the records to convert."""


def provide(result: ReadResult, view: str, *, progress: Progress | None = None) -> ReadResult:
    """Return the records with a view, derived by a named conversion where it is missing.

    Parameters
    ----------
    result
        What was read.
    view
        The view wanted. Records that have it keep it as it is.
    progress
        Called as records are converted.

    Returns
    -------
    ReadResult
        The same rows. What was converted stands in `conversions`, what could not be in `unconverted[view]`; a record
        from which no conversion leads to the view stays without it.
    """
    records = result.records
    present = records.views[view].present if view in records.views else [False] * len(records)
    missing = {row for row in range(len(records)) if not present[row]}
    routes: list[tuple[Route, list[int]]] = []
    for route in ROUTES:
        if route.target == view and route.source in records.views:
            column = records.views[route.source]
            rows = [row for row in sorted(missing) if column.present[row]]
            missing.difference_update(rows)
            if rows:
                routes.append((route, rows))
    total = sum(len(rows) for _, rows in routes)
    if not total:
        return result
    made: dict[int, Any] = {}
    failed: dict[str, str] = {}
    conversions = list(result.conversions)
    for route, rows in routes:
        made_before = len(made)
        for row, (value, reason) in zip(
            rows, _convert(route, [records.views[route.source][r] for r in rows]), strict=True
        ):
            if reason:
                failed[records.ids[row]] = reason
            else:
                made[row] = value
            if progress:
                progress(len(made) + len(failed), total)
        if len(made) > made_before:
            conversions.append(route.provenance(len(made) - made_before))
    values = [records.views[view][row] if present[row] else made.get(row) for row in range(len(records))]
    return replace(
        result,
        records=records.with_view(view, COLUMNS[view].of(values)) if made else records,
        unconverted={**result.unconverted, view: {**result.unconverted.get(view, {}), **failed}},
        conversions=tuple(conversions),
    )


def _convert(route: Route, values: list[Any]) -> Any:
    """Yield (value, "") or (None, reason) in order. RDKit's embedding lets other threads run; order does not depend."""
    function = route.load()

    def attempt(value: Any) -> tuple[Any, str]:
        try:
            return function(value), ""
        except ValueError as error:
            return None, str(error)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        yield from pool.map(attempt, values)
