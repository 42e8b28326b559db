"""Give records the view that a model asks for."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matterzoo_harness.conversions.routes import ROUTES, Route
from matterzoo_harness.readers.result import ReadResult
from matterzoo_schemas.records import Records
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
    present = records.views[view].present if view in records.views else np.zeros(len(records), np.bool_)
    plan = _plan(records, view, np.flatnonzero(~present))
    total = sum(len(rows) for _, rows in plan)
    if not total:
        return result
    made: dict[int, Any] = {}
    failed: dict[str, str] = {}
    conversions = list(result.conversions)
    for route, rows in plan:
        column, before = records.views[route.source], len(made)
        for row, (value, reason) in zip(rows, _convert(route, [column[row] for row in rows]), strict=True):
            if reason:
                failed[records.ids[row]] = reason
            else:
                made[row] = value
            if progress:
                progress(len(made) + len(failed), total)
        if len(made) > before:
            conversions.append(route.provenance(len(made) - before))
    values = [records.views[view][row] if present[row] else made.get(row) for row in range(len(records))]
    return replace(
        result,
        records=records.with_view(view, COLUMNS[view].of(values)) if made else records,
        unconverted={**result.unconverted, view: failed},
        conversions=tuple(conversions),
    )


def _plan(records: Records, view: str, missing: npt.NDArray[np.int64]) -> list[tuple[Route, list[int]]]:
    """Return which rows take which route: the first in the table whose source they have."""
    plan: list[tuple[Route, list[int]]] = []
    for route in ROUTES:
        if route.target == view and route.source in records.views:
            here = records.views[route.source].present[missing]
            if here.any():
                plan.append((route, missing[here].tolist()))
            missing = missing[~here]
    return plan


def _convert(route: Route, values: list[Any]) -> Any:
    """Yield (value, "") or (None, reason) in order. RDKit's embedding lets other threads run; order does not depend."""
    function = route.load()

    def attempt(value: Any) -> tuple[Any, str]:
        try:
            return function(value), ""
        except (ValueError, RuntimeError) as error:
            return None, str(error)

    from rdkit import rdBase

    # RDKit's messages are blocked here, once: its switch is global, and threads would turn it in each other's hands.
    with rdBase.BlockLogs(), ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        yield from pool.map(attempt, values)
