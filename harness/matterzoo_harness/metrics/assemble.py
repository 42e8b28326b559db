"""From findings to a comparison: every model has its place, every missing number its reason, every warning its note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matterzoo_harness.metrics import inputs
from matterzoo_harness.metrics.findings import Findings
from matterzoo_harness.metrics.presets import MODEL_METRICS, Preset
from matterzoo_harness.metrics.result import Comparison, Entry


def assemble(
    joined: inputs.Joined,
    preset: Preset,
    healthy: list[int],
    findings: Findings,
    notes: list[str],
    machine: dict[str, Any],
) -> Comparison:
    """Put the findings of the healthy models into matrices of all models.

    Parameters
    ----------
    joined, preset
        What was compared, and how.
    healthy
        Numbers of the models that are not degenerate, in the order of the findings.
    findings
        See `Findings`.
    notes
        Warnings so far.
    machine
        Device, strip, seed, threads, versions: goes into the provenance.
    """
    names, size = joined.names, len(joined.names)
    why = {
        (a, b): next(f"{m}: {joined.degenerate[m]}" for m in (a, b) if m in joined.degenerate)
        for a in names
        for b in names
        if a in joined.degenerate or b in joined.degenerate
    }
    entries = []
    for metric, k, view_name, estimator, values in findings.pairs or _nothing(preset):
        full = np.full((size, size), np.nan)
        if healthy:
            full[np.ix_(healthy, healthy)] = values
        reasons = dict(why)
        for i, j in np.argwhere(np.isnan(full)):
            reasons.setdefault((names[i], names[j]), _no_number(metric))
        entries.append(Entry(metric, k, view_name, estimator, full, reasons))
    order = {metric: i for i, metric in enumerate(preset.metrics)}
    entries.sort(key=lambda e: (order[e.metric], 0 if e.k is None else _place(preset, e)))
    models = {key: _spread(value, healthy, size) for key, value in findings.models.items()}
    models["degenerate"] = np.array([float(name in joined.degenerate) for name in names])
    models["top_variance_share"] = np.array([inputs.top_share(a) for a in joined.arrays])
    models["width"] = np.array([float(a.shape[1]) for a in joined.arrays])
    extra = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in findings.extra.items()}
    notes = notes + _model_notes(names, models) + _saturated(findings, [names[m] for m in healthy], joined.records)
    provenance = {
        "preset": preset.name,
        "settings": _plain(asdict(preset)),
        "precision": preset.precision,
        "records": joined.records,
        "joined_by": "position" if joined.ids is None else "id",
        "dropped": joined.dropped,
        "degenerate": joined.degenerate,
        "notes": notes,
        "certificates": findings.counts,
        "certificate_models": [names[m] for m in healthy],
        **machine,
        **extra,
    }
    return Comparison(names, entries, models, _plain(provenance))


def _place(preset: Preset, entry: Entry) -> int:
    counts = preset.imbalance_k if entry.metric == "information_imbalance" else preset.k
    return counts.index(entry.k) if entry.k in counts else 0


def _nothing(preset: Preset) -> list[tuple[str, int | None, str, str, NDArray[np.float64]]]:
    return [(m, None, "", "", np.empty((0, 0))) for m in preset.metrics if m not in MODEL_METRICS]


def _spread(values: NDArray[np.float64], healthy: list[int], size: int) -> NDArray[np.float64]:
    full = np.full(size, np.nan)
    full[healthy] = values
    return full


def _no_number(metric: str) -> str:
    return {
        "cknna": "too few mutual neighbours: a self term is not positive",
        "id_correlation": "more than half of the records have duplicates",
    }.get(metric, "a self term is not positive")


def _model_notes(names: Sequence[str], models: Mapping[str, NDArray[np.float64]]) -> list[str]:
    notes = []
    for m, name in enumerate(names):
        if "duplicates" in models and models["duplicates"][m] > 0:
            notes.append(f"{name}: {int(models['duplicates'][m])} records have an exact duplicate")
        if "near_duplicates" in models and models["near_duplicates"][m] > 0:
            notes.append(
                f"{name}: {int(models['near_duplicates'][m])} records nearly repeat another one, so that the "
                "dimensions are of their spacing; see deduplicate="
            )
        notes += [
            f"{name}: no {key}, more than half of the records have duplicates"
            for key in models
            if key.startswith("id_") and np.isnan(models[key][m]) and not models["degenerate"][m]
        ]
    return notes


def _saturated(findings: Findings, names: Sequence[str], records: int) -> list[str]:
    """Say which joint dimensions are beyond what N records can show, 2·log₂N (Eckmann and Ruelle 1992, scale ½)."""
    joint = findings.extra.get("id_joint")
    if joint is None:
        return []
    limit = 2 * np.log2(records)
    pairs = [f"{names[a]}+{names[b]}" for a, b in np.argwhere(joint > limit) if a < b]
    text = (
        f"id_correlation: the joint dimension is above 2·log2(N) = {limit:.1f} and saturated for {', '.join(pairs[:5])}"
    )
    return (
        [text + (f" and {len(pairs) - 5} more" if len(pairs) > 5 else "") + "; read it against its null"]
        if pairs
        else []
    )


def _plain(value: Any) -> Any:
    """JSON types only; NaN becomes None."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, float) and np.isnan(value):
        return None
    return value
