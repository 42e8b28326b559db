"""Joint layouts: one model's vectors of several data sets, laid out together in a plane."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from matterzoo_harness.metrics.projection import project
from matterzoo_harness.studies.schema import Layout
from matterzoo_schemas.records import Records
from matterzoo_schemas.shard import Embeddings


def lay_out(layout: Layout, folders: dict[str, Path]) -> list[dict[str, Any]]:
    """Return a table of model, data, record, x, y and, where both energies are known, the error in eV an atom.

    Parameters
    ----------
    layout
        Which model and data sets.
    folders
        Of the data sets that have an embedding of the model.

    Raises
    ------
    MetricError
        If there are too few distinct records, or UMAP's layout is not finite.
    """
    vectors, table = [], []
    for name in layout.data:
        if name not in folders:
            continue
        answer = Embeddings.open(folders[name] / f"{layout.model}.safetensors")
        rows = np.flatnonzero(answer.ok)
        drawn = np.random.default_rng(layout.seed).permutation(len(rows))[: layout.records]
        rows = rows[np.sort(drawn)]
        if not len(rows):
            continue
        vectors.append(np.asarray(next(iter(answer.layers.values())).pooled[rows], np.float32))
        errors = _errors(answer, Records.open(folders[name] / "records.safetensors"), rows)
        ids = list(answer.ids)
        table += [
            {"model": layout.model, "data": name, "record": ids[row], "energy_error_ev_atom": error}
            for row, error in zip(rows.tolist(), errors, strict=True)
        ]
    if len(table) <= layout.neighbours:
        return []
    plane = project(np.concatenate(vectors), neighbours=layout.neighbours, seed=layout.seed)
    return [{**row, "x": float(x), "y": float(y)} for row, (x, y) in zip(table, plane, strict=True)]


def _errors(answer: Embeddings, records: Records, rows: np.ndarray[Any, Any]) -> list[float | None]:
    reference = records.labels.get("energy")
    if answer.energy is None or reference is None or "atoms" not in records.views:
        return [None] * len(rows)
    atoms = np.diff(records.atoms.offsets)[rows]
    errors = np.abs(np.asarray(answer.energy)[rows] - np.asarray(reference)[rows]) / np.maximum(atoms, 1)
    return [float(value) if np.isfinite(value) else None for value in errors]
