"""Compare what is joined: all pairs of all models in one sweep."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from matterzoo_harness.metrics import inputs
from matterzoo_harness.metrics.assemble import assemble
from matterzoo_harness.metrics.devices import pick_devices, strip_height
from matterzoo_harness.metrics.engine import Runner, measure
from matterzoo_harness.metrics.findings import Findings
from matterzoo_harness.metrics.numerics import full_precision
from matterzoo_harness.metrics.presets import Preset, check
from matterzoo_harness.metrics.result import Comparison
from matterzoo_harness.metrics.split import Sweeper, sweeper
from matterzoo_harness.metrics.sweep import Pass
from matterzoo_harness.metrics.views import Features

Progress = Callable[[str, int, int], None]


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


def clipped(array: NDArray[Any], quantile: float | None) -> NDArray[Any]:
    """Clamp at the int(q·size)-th smallest absolute value of the whole embedding (platonic-rep's exact rule)."""
    if quantile is None:
        return array
    size = array.size
    limit = np.partition(np.abs(array), int(quantile * size), axis=None)[int(quantile * size)]
    clamped: NDArray[Any] = np.clip(array, -limit, limit)
    return clamped


def _runner(progress: Progress | None, sweeps: Sweeper) -> Runner:
    def run(name: str, features: Sequence[Features], passes: Sequence[Pass], height: int) -> None:
        records = len(features[0].source)
        sweeps(features, passes, height, after=None if progress is None else lambda done: progress(name, done, records))

    return run
