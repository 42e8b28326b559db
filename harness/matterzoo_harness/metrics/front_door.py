"""`compare`: the front door."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from matterzoo_harness.metrics import inputs
from matterzoo_harness.metrics.assemble import assemble
from matterzoo_harness.metrics.engine import Runner, measure, views_of
from matterzoo_harness.metrics.errors import MetricError
from matterzoo_harness.metrics.findings import Findings
from matterzoo_harness.metrics.numerics import full_precision
from matterzoo_harness.metrics.presets import Preset, check, resolve
from matterzoo_harness.metrics.progress import reporter
from matterzoo_harness.metrics.result import Comparison
from matterzoo_harness.metrics.split import Sweeper, sweeper
from matterzoo_harness.metrics.sweep import Pass
from matterzoo_harness.metrics.views import Features
from matterzoo_schemas.exit_codes import ExitCode

Progress = Callable[[str, int, int], None]


def compare(
    embeddings: Mapping[str, Any] | str | Path,
    ids: inputs.Ids = None,
    *,
    preset: str | Preset = "default",
    metrics: Sequence[str] | None = None,
    k: int | Sequence[int] | None = None,
    imbalance_k: int | Sequence[int] | None = None,
    precision: str | None = None,
    device: str | Sequence[str] = "auto",
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
        Model → [N, d] (NumPy, torch, nested lists); widths may differ. Or a folder, see `load_embeddings`.
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
        `auto`, `cpu`, `cuda`, `cuda:1`; several GPUs share the strips: `cuda:0,cuda:1`, or a list.
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
    if isinstance(embeddings, (str, Path)):
        from matterzoo_harness.metrics.folder import join_folder

        joined, _ = join_folder(embeddings, chosen, how=join, on_bad=on_bad)
    else:
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
    device: str | Sequence[str] = "auto",
    seed: int = 0,
    strip: int | None = None,
    progress: Progress | None = None,
    runner: Runner | None = None,
) -> Comparison:
    """`compare` on joined embeddings."""
    notes = joined.notes + check(preset, joined.records)
    places = pick_devices(device)
    place = places[0]
    healthy = [m for m, name in enumerate(joined.names) if name not in joined.degenerate]
    arrays = [clipped(joined.arrays[m], preset.clip) for m in healthy]
    height = strip or strip_height(len(healthy), joined.records, preset.precision, place)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(joined.records))
    findings = Findings()
    if healthy:
        with full_precision(), torch.inference_mode():
            sources = [torch.from_numpy(array).to(place) for array in arrays]
            findings = measure(sources, preset, order, height, runner or _runner(progress, sweeper(places)))
    return assemble(
        joined,
        preset,
        healthy,
        findings,
        notes,
        {
            "device": place.type,
            "devices": len(places),
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


def pick_devices(device: str | Sequence[str]) -> list[torch.device]:
    """Return the torch devices of these names (a list, or commas between); see `pick_device`."""
    names = device.split(",") if isinstance(device, str) else device
    return [pick_device(name.strip()) for name in names]


def pick_device(device: str) -> torch.device:
    """Return the torch device of that name; never the CPU in place of a GPU that was asked for."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        place = torch.device(device)
    except RuntimeError as error:
        raise MetricError(f"there is no device {device!r}", "auto, cpu, cuda, cuda:1 or cuda:0,cuda:1") from error
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if place.type == "cuda" and (place.index or 0) >= found:
        raise MetricError(
            f"a GPU was asked for ({device}) and torch finds {found or 'none'}",
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


def _runner(progress: Progress | None, sweeps: Sweeper) -> Runner:
    def run(name: str, features: Sequence[Features], passes: Sequence[Pass], height: int) -> None:
        records = len(features[0].source)
        sweeps(features, passes, height, after=None if progress is None else lambda done: progress(name, done, records))

    return run
