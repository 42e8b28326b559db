"""What stands beside the matrices in a folder of results: the tree, probes and energies, alignment against N."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matterzoo_harness.metrics.energy import corrected_mae
from matterzoo_harness.metrics.errors import MetricError
from matterzoo_harness.metrics.growth import Growth
from matterzoo_harness.metrics.inputs import Joined
from matterzoo_harness.metrics.labels import aligned, element_counts, labels_of
from matterzoo_harness.metrics.load import Loaded
from matterzoo_harness.metrics.probes import probe, transfer
from matterzoo_harness.metrics.result import Comparison
from matterzoo_harness.metrics.tree import newick
from matterzoo_schemas.records import Records

Table = list[dict[str, Any]]


def write_tree(comparison: Comparison, loaded: Loaded, out: Path) -> Path | None:
    """Write `tree.nwk` from CKNNA, without degenerate models and random weights; None if fewer than three are left."""
    if "cknna" not in comparison:
        return None
    values = comparison["cknna"]
    lost = {name for name, header in loaded.headers.items() if header.get("random_weights")}
    lost |= {name for i, name in enumerate(comparison.names) if np.isnan(values[i, i])}
    if len(comparison.names) - len(lost) < 3:
        return None
    path = out / "tree.nwk"
    path.write_text(newick(comparison.names, values, leave_out=lost) + "\n", encoding="utf-8")
    return path


def write_growth(growth: Growth, out: Path) -> Path:
    """Write `growth.parquet`: the long table of every nested subsample, each row with its N."""
    return _write([row for each in growth.comparisons for row in each.rows()], out / "growth.parquet")


def write_probes(joined: Joined, loaded: Loaded, records: Records, out: Path, seed: int = 0) -> dict[str, Path]:
    """Write `probes.parquet`, `transfer.parquet` and, where models predict energies, `energies.parquet`.

    Parameters
    ----------
    joined, loaded
        The embeddings, and what else their files hold.
    records
        The records they were made from; joined by id.
    out
        Folder.
    seed
        Of the folds.

    Raises
    ------
    MetricError
        If the embeddings carry no ids, or an id has no record.
    """
    if joined.ids is None:
        raise MetricError("the embeddings carry no ids, so that labels cannot be joined to them")
    own = list(records.ids)
    labels = {name: aligned(values, own, joined.ids) for name, values in labels_of(records).items()}
    singles, across = probe_tables(joined, labels, seed)
    written = {"probes": _write(singles, out / "probes.parquet"), "transfer": _write(across, out / "transfer.parquet")}
    if "energy" in records.labels and loaded.energy and loaded.ids and "atoms" in records.views:
        energies = energy_table(loaded, records)
        written["energies"] = _write(energies, out / "energies.parquet")
    return {name: path for name, path in written.items() if path.is_file()}


def probe_tables(joined: Joined, labels: Mapping[str, NDArray[np.float64]], seed: int = 0) -> tuple[Table, Table]:
    """Probe every label in every model, and read every probe through every other model."""
    healthy = [i for i, name in enumerate(joined.names) if name not in joined.degenerate]
    singles: Table = []
    across: Table = []
    for label, values in labels.items():
        columns = values[:, None] if values.ndim == 1 else values
        known = np.isfinite(columns).all(1)
        if known.sum() < 20 or not np.ptp(columns[known], axis=0).any():
            continue  # nothing to learn: the label is missing or the same for all
        for i in healthy:
            found = probe(joined.arrays[i], values, seed=seed)
            singles.append(
                {"label": label, "model": joined.names[i], "r2": found.r2, "mae": found.mae, "n": found.records}
            )
        through = transfer([joined.arrays[i] for i in healthy], values, seed=seed)
        across += [
            {"label": label, "probe": joined.names[a], "through": joined.names[b], "r2": float(through[x, y])}
            for x, a in enumerate(healthy)
            for y, b in enumerate(healthy)
        ]
    return singles, across


def energy_table(loaded: Loaded, records: Records) -> Table:
    """Composition-corrected mean absolute errors of the models' own energies, in eV a record."""
    own, counts = list(records.ids), element_counts(records)
    counts = counts[:, counts.any(0)]
    table: Table = []
    for name, predicted in loaded.energy.items():
        ids = (loaded.ids or {})[name]
        reference = aligned(np.asarray(records.labels["energy"]), own, ids)
        both = int((np.isfinite(reference) & np.isfinite(predicted)).sum())
        if both > counts.shape[1] + 1:
            mae = corrected_mae(reference, predicted, aligned(counts, own, ids))
            table.append({"model": name, "corrected_mae_ev": mae, "n": both})
    return table


def _write(table: Table, path: Path) -> Path:
    if table:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(table), path)
    return path
