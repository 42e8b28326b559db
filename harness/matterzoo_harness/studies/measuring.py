"""What is measured of one data set: all pairs, nulls, growth with N, spread of dimensions, energies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from matterzoo_harness.metrics.calibrate import calibrate
from matterzoo_harness.metrics.comparing import compare_joined
from matterzoo_harness.metrics.extras import write_growth
from matterzoo_harness.metrics.folder import compare_folder
from matterzoo_harness.metrics.growth import against_n
from matterzoo_harness.metrics.inputs import Joined
from matterzoo_harness.metrics.load import join_folder
from matterzoo_harness.metrics.presets import Preset, resolve
from matterzoo_harness.metrics.result import Comparison
from matterzoo_harness.studies.energies import differences, errors, sampled
from matterzoo_harness.studies.schema import Measures
from matterzoo_schemas.records import Records

Progress = Callable[[str, int, int], None]
GROWN = ("cknna", "mutual_knn", "dcor_sqr_unbiased", "dcor_sqr", "information_imbalance")
LEAST = 50
"""Fewest records of a nested subsample."""


def measure(folder: Path, measures: Measures, records: Path, *, device: str, progress: Progress | None) -> Comparison:
    """Compare the models of `folder/compared`, and write what belongs to it into `folder/metrics`.

    Neighbour counts that the records cannot answer are left out and noted: a study of several sizes keeps one list.

    Raises
    ------
    MetricError
        If nothing can be compared: fewer than four common records, say.
    """
    wanted = resolve(
        measures.preset,
        metrics=measures.metrics or None,
        k=measures.k or None,
        imbalance_k=measures.imbalance_k or None,
    )
    compared, out = folder / "compared", folder / "metrics"
    joined, loaded = join_folder(compared, wanted, on_bad="drop")
    calibrated = min(measures.subsample, joined.records)
    preset, notes = fitted(wanted, int(calibrated * 0.9))
    seed = measures.seeds[0] if measures.seeds else 0
    comparison = compare_folder(compared, out, preset, on_bad="drop", device=device, seed=seed, progress=progress)
    if measures.permutations and calibrated >= LEAST:
        comparison = _calibrated(comparison, joined, preset, measures, device, progress)
    if notes:
        comparison.provenance["notes"] = [*comparison.provenance["notes"], *notes]
    comparison.to_folder(out)
    if measures.against_n and len(joined.names) > 1:
        _write_growth(joined, preset, comparison, out, device, progress)
    _write_table(spread_of_dimensions(joined, preset, measures.seeds, device), out / "spread.parquet")
    known, loaded = sampled(loaded, Records.open(records), measures.energy_records)
    _write_table(errors(loaded, known), out / "energies.parquet")
    _write_table(differences(loaded, known), out / "energy_pairs.parquet")
    return comparison


def fitted(preset: Preset, records: int) -> tuple[Preset, list[str]]:
    """Leave out the neighbour counts that so few records cannot answer, and say which."""
    most, notes = records - 1, []
    changes: dict[str, Any] = {}
    for name in ("k", "imbalance_k"):
        counts: tuple[int, ...] = getattr(preset, name)
        kept = tuple(k for k in counts if k <= most) or (max(2, min(10, most)),)
        if kept != counts:
            lost = ", ".join(str(k) for k in counts if k not in kept)
            notes.append(f"{name} = {lost} left out: there are too few common records")
            changes[name] = kept
    if preset.mle_k > most:
        notes.append(f"mle_k = {max(2, most)} in place of {preset.mle_k}: there are too few common records")
        changes["mle_k"] = max(2, most)
    return preset.with_(**changes), notes


def _calibrated(
    comparison: Comparison,
    joined: Joined,
    preset: Preset,
    measures: Measures,
    device: str,
    progress: Progress | None,
) -> Comparison:
    """Add nulls and intervals; of the information imbalance at its first k only, whose ties are slow to decide."""
    first = preset.with_(imbalance_k=preset.imbalance_k[:1])
    later = [e for e in comparison.entries if e.metric == "information_imbalance" and e.k not in first.imbalance_k]
    found = calibrate(
        replace(
            comparison, entries=[entry for entry in comparison.entries if not any(entry is each for each in later)]
        ),
        joined,
        first,
        permutations=measures.permutations,
        subsample=measures.subsample,
        device=device,
        seed=measures.seeds[0] if measures.seeds else 0,
        progress=progress,
    )
    return replace(found, entries=[*found.entries, *later])


def _write_growth(
    joined: Joined, preset: Preset, full: Comparison, out: Path, device: str, progress: Progress | None
) -> None:
    """Compare nested halves at one k, as far down as they can answer it."""
    metrics = tuple(name for name in GROWN if name in preset.metrics)
    swept = preset.with_(metrics=metrics, k=preset.k[:1], imbalance_k=preset.imbalance_k[:1])
    least = max(LEAST, 2 * max(*swept.k, *swept.imbalance_k))
    sizes = [n for n in (joined.records // part for part in (16, 8, 4, 2)) if n >= least]
    if metrics and sizes:
        write_growth(against_n(joined, swept, sizes, device=device, progress=progress, full=full), out)
    else:
        (out / "growth.parquet").unlink(missing_ok=True)


def spread_of_dimensions(joined: Joined, preset: Preset, seeds: tuple[int, ...], device: str) -> list[dict[str, Any]]:
    """Intrinsic dimensions on one random half a seed: a long table of model, seed, records, metric and value."""
    metrics = tuple(name for name in ("id_twonn", "id_mle") if name in preset.metrics)
    half = joined.records // 2
    if not metrics or half <= preset.mle_k + 1:
        return []
    only = preset.with_(metrics=metrics)
    table = []
    for seed in seeds:
        rows = np.sort(np.random.default_rng(seed).permutation(joined.records)[:half]).astype(np.intp)
        found = compare_joined(joined.take(rows), only, device=device, seed=seed)
        for name in metrics:
            for model, value in zip(found.names, found[name].tolist(), strict=True):
                table.append({"model": model, "seed": seed, "records": half, "metric": name, "value": value})
    return table


def _write_table(table: list[dict[str, Any]], path: Path) -> None:
    """Write a table, or take an older one away where there is nothing to write."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.unlink(missing_ok=True)
    if table:
        pq.write_table(pa.Table.from_pylist(table), path)
