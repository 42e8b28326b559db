"""`compare`: the front door."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from matterzoo_harness.metrics import inputs
from matterzoo_harness.metrics.engine import Runner, measure, plain_runner, views_of
from matterzoo_harness.metrics.errors import MetricError
from matterzoo_harness.metrics.findings import Findings
from matterzoo_harness.metrics.numerics import full_precision
from matterzoo_harness.metrics.presets import MODEL_METRICS, Preset, check, resolve
from matterzoo_harness.metrics.progress import reporter
from matterzoo_harness.metrics.result import Comparison, Entry
from matterzoo_harness.metrics.sweep import Pass, sweep
from matterzoo_harness.metrics.views import Features
from matterzoo_schemas.exit_codes import ExitCode

Progress = Callable[[str, int, int], None]


def compare(
    embeddings: Mapping[str, Any],
    ids: inputs.Ids = None,
    *,
    preset: str | Preset = "default",
    metrics: Sequence[str] | None = None,
    k: int | Sequence[int] | None = None,
    imbalance_k: int | Sequence[int] | None = None,
    precision: str | None = None,
    device: str = "auto",
    seed: int = 0,
    on_bad: str = "error",
    join: str = "exact",
    deduplicate: bool | Sequence[str] = False,
    strip: int | None = None,
    progress: Progress | bool | None = None,
) -> Comparison:
    """Compare embeddings of the same records by several models, all pairs in one sweep.

    Parameters
    ----------
    embeddings
        Model → [N, d] (NumPy, torch, nested lists); widths may differ.
    ids
        Record ids, one list for all or one a model; rows are joined by them. None joins by position, for equal N only.
    preset
        `default`, `paper`, `prh`, `idcorr`, `dadapy`, `skdim`, or a `Preset`.
    metrics
        Names from `presets.METRICS`; None takes the preset's.
    k
        Neighbours of CKNNA and mutual k-NN: one, or several at the cost of one.
    imbalance_k
        Neighbours of the information imbalance, likewise.
    precision
        Of the tiles: `float32` or `float64`. What decides neighbours and ranks is float64 in both.
    device
        `auto`, `cpu`, `cuda`, `cuda:1`.
    seed
        Of the cross-validation folds.
    on_bad
        `error`, or `drop` records that are not finite from all models.
    join
        `exact`, or `intersect` records that all models have.
    deduplicate
        True leaves out records that every model embeds exactly as an earlier one; a list of [N] structure
        hashes, in the
        order of the joined records, leaves out those whose hash came before. Shared repeats inflate neighbour metrics.
    strip
        Rows a strip; None takes what fits. It does not change results beyond rounding.
    progress
        Called with (sweep, finished rows, all rows); True shows a bar on a terminal and lines elsewhere.

    Returns
    -------
    Comparison
        Matrices [M, M], vectors [M] and provenance.

    Raises
    ------
    MetricError
        For anything whose answer would be a plausible wrong number.

    Examples
    --------
    >>> result = compare({"a": X, "b": Y}, ids=ids, metrics=["cknna", "dcor"])   # doctest: +SKIP
    >>> result["cknna"][0, 1]                                                     # doctest: +SKIP
    """
    chosen = resolve(
        preset,
        metrics=None if metrics is None else tuple(metrics),
        k=_counts(k),
        imbalance_k=_counts(imbalance_k),
        precision=precision,
    )
    joined = inputs.join(embeddings, ids, on_bad=on_bad, how=join, zero_rows=needs_direction(chosen))
    joined = deduplicated(joined, deduplicate)
    settings: dict[str, Any] = {"device": device, "seed": seed, "strip": strip}
    if progress is True:
        with reporter() as bars:
            return compare_joined(joined, chosen, **settings, progress=bars)
    return compare_joined(joined, chosen, **settings, progress=progress or None)


def compare_joined(
    joined: inputs.Joined,
    preset: Preset,
    *,
    device: str = "auto",
    seed: int = 0,
    strip: int | None = None,
    progress: Progress | None = None,
    runner: Runner | None = None,
) -> Comparison:
    """`compare` on joined embeddings."""
    notes = joined.notes + check(preset, joined.records)
    place = pick_device(device)
    healthy = [m for m, name in enumerate(joined.names) if name not in joined.degenerate]
    arrays = [clipped(joined.arrays[m], preset.clip) for m in healthy]
    height = strip or strip_height(len(healthy), joined.records, preset.precision, place)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(joined.records))
    findings = Findings()
    if healthy:
        with full_precision(), torch.inference_mode():
            sources = [torch.from_numpy(array).to(place) for array in arrays]
            findings = measure(sources, preset, order, height, runner or _runner(progress))
    return _assemble(
        joined,
        preset,
        healthy,
        findings,
        notes,
        {
            "device": place.type,
            "strip": height,
            "seed": seed,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "machine": platform.machine(),
        },
    )


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


def clipped(array: NDArray[Any], quantile: float | None) -> NDArray[Any]:
    """Clamp at the int(q·size)-th smallest absolute value of the whole embedding (platonic-rep's exact rule)."""
    if quantile is None:
        return array
    size = array.size
    limit = np.partition(np.abs(array), int(quantile * size), axis=None)[int(quantile * size)]
    clamped: NDArray[Any] = np.clip(array, -limit, limit)
    return clamped


def pick_device(device: str) -> torch.device:
    """Return the torch device of that name; never the CPU in place of a GPU that was asked for."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    place = torch.device(device)
    if place.type == "cuda" and not torch.cuda.is_available():
        raise MetricError(
            "a GPU was asked for and torch finds none",
            "use --device cpu, or see `matterzoo doctor`",
            ExitCode.GPU_UNUSABLE,
        )
    return place


def strip_height(models: int, records: int, precision: str, device: torch.device) -> int:
    """Rows a strip whose two buffers of M·rows·N numbers fit in half a GiB (CPU) or in eight (GPU)."""
    budget, most = (1 << 29, 256) if device.type == "cpu" else (1 << 33, 512)
    row = 2 * max(models, 1) * records * (4 if precision == "float32" else 8)
    return int(max(16, min(most, budget // row)))


def _counts(k: int | Sequence[int] | None) -> tuple[int, ...] | None:
    if k is None:
        return None
    return (int(k),) if isinstance(k, (int, np.integer)) else tuple(int(each) for each in k)


def _runner(progress: Progress | None) -> Runner:
    if progress is None:
        return plain_runner

    def run(name: str, features: Sequence[Features], passes: Sequence[Pass], height: int) -> None:
        records = len(features[0].source)
        sweep(features, passes, height, after=lambda done: progress(name, done, records))

    return run


def _assemble(
    joined: inputs.Joined,
    preset: Preset,
    healthy: list[int],
    findings: Findings,
    notes: list[str],
    machine: dict[str, Any],
) -> Comparison:
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
