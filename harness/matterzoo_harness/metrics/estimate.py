"""Seconds and memory before anything long starts: from strips of the very sweeps, on this machine as busy as it is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from matterzoo_harness.metrics.calibrate import GROUPS, Draw
from matterzoo_harness.metrics.comparing import clipped
from matterzoo_harness.metrics.devices import pick_devices, strip_height
from matterzoo_harness.metrics.engine import measure, sweeps
from matterzoo_harness.metrics.findings import SPARSE_LIMIT, Findings, linear_maps
from matterzoo_harness.metrics.inputs import Joined
from matterzoo_harness.metrics.numerics import PRECISIONS, full_precision
from matterzoo_harness.metrics.presets import LINEAR, Preset
from matterzoo_harness.metrics.sweep import Buffers, Pass, strips, sweep, take
from matterzoo_harness.metrics.views import Features, view

SECONDS_A_SWEEP = 1.0
"""How long strips of one sweep are tried, if one of them does not take longer."""

FEW = 400
"""Records of the smaller of the two trials of what comes after the sweeps."""

MAPPED = 3
"""Models between which linear maps are tried: the narrowest, the median and the widest."""


@dataclass(frozen=True)
class Estimate:
    """What a comparison will take: seconds on this machine, GiB beyond the embeddings, and strips it was tried on."""

    seconds: float
    gibibytes: float
    strips_tried: int


def estimate(
    joined: Joined, preset: Preset, *, device: str | Sequence[str] = "auto", strip: int | None = None
) -> Estimate:
    """Try a few strips of every sweep of the whole, at its full width, and scale by rows.

    A strip costs the same wherever it lies, so that nothing is extrapolated over N. What comes after a sweep is tried
    on few records, twice, and extrapolated along the straight line; linear maps are tried between few models. Memory
    is counted, not measured.
    """
    places = pick_devices(device)
    healthy = [a for a, name in zip(joined.arrays, joined.names, strict=True) if name not in joined.degenerate]
    height = strip or strip_height(len(healthy), joined.records, preset.precision, places[0])
    swept = preset.with_(metrics=tuple(m for m in preset.metrics if m not in LINEAR))
    with full_precision(), torch.inference_mode():
        sources = [torch.from_numpy(np.ascontiguousarray(clipped(a, preset.clip))).to(places[0]) for a in healthy]
        began, inside, tried = _now(places[0]), 0.0, 0
        trials = 0.0
        for _, features, passes in sweeps(sources, swept):
            seconds, spent, count = _try_strips(features, list(passes.values()), height)
            inside, trials, tried = inside + seconds, trials + spent, tried + count
        views = _now(places[0]) - began - trials
        seconds = inside / len(places) + views + _after(sources, swept, height) + _maps(sources, preset)
    return Estimate(seconds, memory(joined, preset, height) / 2**30, tried)


def calibration_seconds(
    joined: Joined, preset: Preset, *, permutations: int, subsample: int = 1000, device: str | Sequence[str] = "auto"
) -> float:
    """Estimate what `calibrate` will take, from one draw of each sort."""
    healthy = [m for m, name in enumerate(joined.names) if name not in joined.degenerate]
    if not permutations or not healthy:
        return 0.0
    rows = np.linspace(0, joined.records - 1, min(subsample, joined.records)).round().astype(np.intp)
    run, rng = Draw(joined.take(rows), preset, healthy, device, 0), np.random.default_rng(0)
    run.columns_apart(rng)  # the first one pays for loading kernels
    clock = [time.perf_counter()]
    run()
    clock.append(time.perf_counter())
    run.records_apart(rng)
    clock.append(time.perf_counter())
    run.columns_apart(rng)
    clock.append(time.perf_counter())
    plain, records, columns = np.diff(clock).tolist()
    return float((1 + GROUPS) * plain + permutations * (records + columns))


def _try_strips(features: Sequence[Features], passes: Sequence[Pass], height: int) -> tuple[float, float, int]:
    """Seconds of the whole sweep, seconds this took, and strips tried: the first unseen, others far from each other."""
    device, records = features[0].tile.device, len(features[0].source)
    started = _now(device)
    cuts, buffers = list(strips(records, height)), Buffers(features, height)
    take(buffers.strip(*cuts[0]), passes)  # the first one pays for loading kernels and touching memory
    apart = max(1, int(0.618 * len(cuts)))
    while np.gcd(apart, len(cuts)) > 1:
        apart += 1
    spent, rows, count = 0.0, 0, 0
    for turn in range(1, len(cuts) + 1):
        start, stop = cuts[turn * apart % len(cuts)]
        began = _now(device)
        take(buffers.strip(start, stop), passes)
        spent, rows, count = spent + _now(device) - began, rows + stop - start, count + 1
        if spent > SECONDS_A_SWEEP and count > 1:
            break
    return spent / rows * records, _now(device) - started, count


def _after(sources: Sequence[Tensor], preset: Preset, height: int) -> float:
    """Seconds from sums to matrices, which grow with N at most."""
    records = len(sources[0])
    deepest = max(*preset.k, *preset.imbalance_k, preset.mle_k, 2 * max(preset.gride_ranks))
    sizes = sorted({min(records, max(FEW, 2 * deepest + 2) * factor) for factor in (1, 2)})
    spent = [_outside([s[:: records // n][:n] for s in sources], preset, height) for n in sizes]
    if len(sizes) == 1:
        return spent[0]
    slope = max(0.0, (spent[1] - spent[0]) / (sizes[1] - sizes[0]))
    return spent[1] + slope * (records - sizes[1])


def _outside(sources: Sequence[Tensor], preset: Preset, height: int) -> float:
    device, inside = sources[0].device, 0.0

    def run(name: str, features: Sequence[Features], passes: Sequence[Pass], height: int) -> None:
        nonlocal inside
        del name
        began = _now(device)
        sweep(features, passes, height)
        inside += _now(device) - began

    began = _now(device)
    measure(sources, preset, torch.arange(len(sources[0]), device=device), height, run)
    return _now(device) - began - inside


def _maps(sources: Sequence[Tensor], preset: Preset) -> float:
    """Seconds of the linear maps between all pairs, from those between few models of typical widths."""
    wanted = set(preset.metrics) & set(LINEAR)
    if not wanted:
        return 0.0
    by_width = sorted(sources, key=lambda source: source.shape[1])
    few = [by_width[i * (len(by_width) - 1) // (MAPPED - 1)] for i in range(MAPPED)]
    features = [view("raw", source, PRECISIONS[preset.precision]) for source in few]
    device = sources[0].device
    began = _now(device)
    linear_maps(features, wanted, torch.arange(len(sources[0]), device=device), Findings())
    return (_now(device) - began) * (len(sources) / len(few)) ** 2


def _now(device: torch.device) -> float:
    """Seconds, after the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def memory(joined: Joined, preset: Preset, height: int) -> int:
    """Count the bytes of a comparison beyond its inputs: two strips, one view, graphs and row sums."""
    models, records = len(joined.arrays), joined.records
    size = 4 if preset.precision == "float32" else 8
    strips = 2 * models * min(height, records) * records * size
    view = sum(a.shape[1] for a in joined.arrays) * records * size
    lists = max((k for k in preset.k if k <= SPARSE_LIMIT), default=0)
    depth = max(preset.mle_k, 2 * max(preset.gride_ranks)) if any(m.startswith("id_") for m in preset.metrics) else 2
    graphs = models * records * (lists + depth) * 20
    joint = models * (models + 1) * records * 8 if "id_correlation" in preset.metrics else 0
    return int(strips + view + graphs + joint + models * records * 64)
