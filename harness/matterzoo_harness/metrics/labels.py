"""Labels to probe for, read off the records themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from matterzoo_harness.metrics.errors import MetricError
from matterzoo_schemas.records import Records

AMU_PER_CUBIC_ANGSTROM = 1.66053906660
"""One u/Å³ in g/cm³ (CODATA 2018)."""

Floats = NDArray[np.float64]


def labels_of(records: Records) -> dict[str, Floats]:
    """Return every label that the records have or imply.

    Parameters
    ----------
    records
        N records.

    Returns
    -------
    dict
        `atoms` [N]; `composition` [N, elements] in fractions; for records that are periodic in three
        directions `volume`
        [N] in Å³ an atom and `density` [N] in g/cm³; and the records' own labels (`energy` in eV, `band_gap`, …) [N].
        NaN where a record has no such label.
    """
    found: dict[str, Floats] = {name: np.asarray(values, dtype=np.float64) for name, values in records.labels.items()}
    if "atoms" not in records.views:
        return found
    counts = element_counts(records)
    atoms = counts.sum(1)
    missing = np.where(atoms > 0, atoms, np.nan)
    found["atoms"] = missing
    found["composition"] = counts[:, counts.any(0)] / missing[:, None]
    column = records.atoms
    volume = np.abs(np.linalg.det(np.asarray(column.cell)))
    volume = np.where(np.asarray(column.pbc).all(1) & (volume > 0), volume, np.nan)
    if np.isfinite(volume).any():
        found["volume"] = volume / missing
        found["density"] = counts @ _masses(counts.shape[1]) / volume * AMU_PER_CUBIC_ANGSTROM
    return found


def element_counts(records: Records) -> Floats:
    """Return how many atoms of each element, by atomic number, each record has: [N, 119]; zeros for an absent view."""
    column = records.atoms
    record = np.repeat(np.arange(len(records)), np.diff(column.offsets))
    counts = np.zeros((len(records), 119))
    np.add.at(counts, (record, np.asarray(column.numbers)), 1.0)
    return counts


def aligned(values: Floats, own: Sequence[str], wanted: Sequence[str]) -> Floats:
    """Bring labels into the order of other ids.

    Raises
    ------
    MetricError
        If a wanted id has no label row.
    """
    where = {record: i for i, record in enumerate(own)}
    missing = [record for record in wanted if record not in where]
    if missing:
        raise MetricError(f"{len(missing)} records have no labels: {', '.join(missing[:5])}")
    ordered: Floats = values[[where[record] for record in wanted]]
    return ordered


def _masses(count: int) -> Floats:
    from ase.data import atomic_masses

    return np.asarray(atomic_masses[:count], dtype=np.float64)
