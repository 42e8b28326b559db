"""Which records take part, before anything is compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matterzoo_harness.metrics import inputs
from matterzoo_harness.metrics.engine import views_of
from matterzoo_harness.metrics.errors import MetricError
from matterzoo_harness.metrics.presets import Preset


def deduplicated(joined: inputs.Joined, how: bool | Sequence[str]) -> inputs.Joined:
    """Leave out repeated records on request; otherwise count them and say so."""
    if how is False:
        count = int(joined.repeats().sum())
        if count:
            joined.notes.append(
                f"{count} records repeat another one in every model, which inflates neighbour metrics; see deduplicate="
            )
        return joined
    if how is True:
        return joined.without(joined.repeats(), "repeats another record in every model")
    if len(how) != joined.records:
        raise MetricError(f"deduplicate has {len(how)} hashes for {joined.records} records")
    _, first = np.unique(np.asarray(how), return_index=True)
    rows = np.ones(joined.records, dtype=bool)
    rows[first] = False
    return joined.without(rows, "has the hash of another record")


def needs_direction(preset: Preset) -> bool:
    """Whether a row of zeros has no place in one of the views."""
    views = {*views_of(preset), *([preset.knn_view] if {"cknna", "mutual_knn"} & set(preset.metrics) else [])}
    return bool(views & {"l2", "rowmax"})
