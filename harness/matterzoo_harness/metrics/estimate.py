"""Seconds and memory before anything long starts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from matterzoo_harness.metrics.engine import measure
from matterzoo_harness.metrics.findings import SPARSE_LIMIT
from matterzoo_harness.metrics.front_door import clipped, pick_device, strip_height
from matterzoo_harness.metrics.inputs import Joined
from matterzoo_harness.metrics.numerics import full_precision
from matterzoo_harness.metrics.presets import Preset
from matterzoo_harness.metrics.sweep import Pass, sweep
from matterzoo_harness.metrics.views import Features

PROBE = 1500


@dataclass(frozen=True)
class Estimate:
    """What a comparison will take: seconds on this machine, and GiB beyond the embeddings themselves."""

    seconds: float
    gibibytes: float
    probe_records: int


def estimate(joined: Joined, preset: Preset, *, device: str = "auto", strip: int | None = None) -> Estimate:
    """Run the very work on a few records, with the strip of the whole, and scale it.

    What happens inside a sweep grows with N² and the rest with N. Memory is counted, not measured.
    """
    place, records = pick_device(device), joined.records
    healthy = [a for a, name in zip(joined.arrays, joined.names, strict=True) if name not in joined.degenerate]
    height = strip or strip_height(len(healthy), records, preset.precision, place)
    least = max([64, *(2 * k + 2 for k in (*preset.k, *preset.imbalance_k, preset.mle_k, 2 * max(preset.gride_ranks)))])
    few = min(records, max(PROBE, least))
    rows = np.linspace(0, records - 1, few).round().astype(np.intp)
    inside = 0.0

    def run(name: str, features: Sequence[Features], passes: Sequence[Pass], height: int) -> None:
        nonlocal inside
        del name
        began = time.perf_counter()
        sweep(features, passes, height)
        if place.type == "cuda":
            torch.cuda.synchronize(place)
        inside += time.perf_counter() - began

    with full_precision(), torch.inference_mode():
        sources = [torch.from_numpy(np.ascontiguousarray(clipped(a, preset.clip)[rows])).to(place) for a in healthy]
        sweep_once = sources[: min(2, len(sources))]
        measure(sweep_once, preset, torch.arange(few), height, run)  # the first call pays for loading kernels
        inside, began = 0.0, time.perf_counter()
        measure(sources, preset, torch.arange(few), height, run)
        outside = time.perf_counter() - began - inside
    factor = records / few
    return Estimate(inside * factor**2 + outside * factor, memory(joined, preset, height) / 2**30, few)


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
