"""The models' own energies: how far from the reference, and how far from each other."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from matterzoo_harness.metrics.energy import corrected_mae
from matterzoo_harness.metrics.extras import energy_table
from matterzoo_harness.metrics.labels import aligned, element_counts
from matterzoo_harness.metrics.load import Loaded
from matterzoo_schemas.records import Records

Table = list[dict[str, Any]]


def sampled(loaded: Loaded, records: Records, most: int | None) -> tuple[Records, Loaded]:
    """Draw the records that energies are compared on: at most so many, by a fixed seed; all if `most` is None."""
    if most is None or most >= len(records) or not loaded.energy:
        return records, loaded
    rows = np.sort(np.random.default_rng(0).permutation(len(records))[:most])
    records = records.take(rows)
    kept = set(records.ids)
    ids = loaded.ids or {}
    places = {name: np.array([i for i, record in enumerate(ids[name]) if record in kept]) for name in loaded.energy}
    return records, Loaded(
        ids={name: [ids[name][i] for i in places[name]] for name in loaded.energy},
        energy={name: values[places[name]] for name, values in loaded.energy.items()},
    )


def errors(loaded: Loaded, records: Records) -> Table:
    """Composition-corrected errors in eV a record; empty where records have no reference energy."""
    if "energy" not in records.labels or not loaded.energy or "atoms" not in records.views:
        return []
    return energy_table(loaded, records)


def differences(loaded: Loaded, records: Records) -> Table:
    """Composition-corrected mean differences, in eV a record, between every two models' energies: needs no reference.

    A pair that shares no more records than there are elements is left out: their compositions explain both energies.
    """
    if "atoms" not in records.views:
        return []
    counts = element_counts(records)
    counts = counts[:, counts.any(0)]
    own = list(records.ids)
    ids = loaded.ids or {}
    table: Table = []
    for a, b in combinations(loaded.energy, 2):
        one, other = (aligned(np.asarray(loaded.energy[name]), list(ids[name]), own) for name in (a, b))
        both = int((np.isfinite(one) & np.isfinite(other)).sum())
        if both > counts.shape[1] + 1:
            table.append({"a": a, "b": b, "corrected_mae_ev": corrected_mae(one, other, counts), "n": both})
    return table
