"""Sixty models, fifteen thousand records, mean width 512, on the cores that are there: time, memory, time by sweep.

    python tests/benchmarks/metrics_large.py [--models 60] [--records 15000] [--devices cpu,cpu] [--state FOLDER]

With `cpu,cpu` two threads each form strips of their own, and never wait for each other inside one; on one device the
time of every step is printed too. With `--state` a run that was killed goes on where it was, and prints what is left.
Peak memory is that of the whole process, embeddings included; the bound is printed beside it.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from made_embeddings import WIDTHS, made, widths

from matterzoo_harness.metrics import inputs
from matterzoo_harness.metrics.checkpoint import Checkpoint, state_key
from matterzoo_harness.metrics.comparing import compare_joined
from matterzoo_harness.metrics.devices import pick_devices
from matterzoo_harness.metrics.estimate import estimate, memory
from matterzoo_harness.metrics.presets import resolve
from matterzoo_harness.metrics.split import Sweeper, sweeper
from matterzoo_harness.metrics.sweep import Pass
from matterzoo_harness.metrics.views import Features

METRICS = (
    "cknna",
    "mutual_knn",
    "cka_linear",
    "cka_linear_unbiased",
    "dcor",
    "dcor_sqr",
    "dcor_sqr_unbiased",
    "rsa",
    "information_imbalance",
    "id_twonn",
    "id_mle",
    "id_correlation",
)


class Timed:
    """Runs sweeps and prints how long each took; on one device also each of its steps."""

    def __init__(self, sweeps: Sweeper, steps: bool) -> None:
        self.sweeps, self.steps = sweeps, steps

    def __call__(self, name: str, features: Sequence[Features], passes: Sequence[Pass], height: int) -> None:
        """Run one sweep."""
        clocks = [_watched(each) for each in passes] if self.steps else []
        began, cpu = time.perf_counter(), time.process_time()
        self.sweeps(name, features, passes, height)
        took, used = time.perf_counter() - began, time.process_time() - cpu
        print(f"  sweep {name:4} {took:8.1f} s wall, {used:8.1f} CPU seconds, strips of {height}", flush=True)
        for each, clock in zip(passes, clocks, strict=False):
            print(f"    {type(each).__name__ + getattr(each, 'channel', ''):18} {clock[0]:8.1f} s")
        if clocks:
            print(f"    {'tiles':18} {took - sum(c[0] for c in clocks):8.1f} s", flush=True)


def _watched(each: Pass) -> list[float]:
    inner, clock = each.strip, [0.0]

    def strip(*arguments: object) -> None:
        began = time.perf_counter()
        inner(*arguments)  # type: ignore[arg-type]
        clock[0] += time.perf_counter() - began

    each.strip = strip  # type: ignore[method-assign]
    return clock


def main() -> None:
    """Print what it takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=60)
    parser.add_argument("--records", type=int, default=15000)
    parser.add_argument("--devices", default="cpu", help="cpu, cpu,cpu, cuda:0,cuda:1, …")
    parser.add_argument("--threads", type=int, default=1, help="a device")
    parser.add_argument("--state", type=Path, default=None)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    places = pick_devices(options.devices)
    joined = inputs.join(made("shared", options.records, widths(options.models)))
    preset = resolve("default", metrics=METRICS)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{platform.machine()}, {options.devices} × {options.threads} threads, torch {torch.__version__}")
    print(f"M={options.models}, N={options.records}, d {min(WIDTHS)} … {max(WIDTHS)}, float32, load {os.getloadavg()}")
    began = time.perf_counter()
    predicted = estimate(joined, preset, device=options.devices)
    print(
        f"estimate: {predicted.seconds:.0f} s, {predicted.gibibytes:.2f} GiB beyond the embeddings "
        f"(took {time.perf_counter() - began:.0f} s)",
        flush=True,
    )
    lines = _progress if options.state else None
    folder = options.state or Path("unused")
    state = Checkpoint(folder, state_key(joined, preset), 120 if options.state else 1e9, lines, sweeper(places))
    began, cpu = time.perf_counter(), time.process_time()
    result = compare_joined(joined, preset, device=options.devices, runner=Timed(state, len(places) == 1))
    took, used = time.perf_counter() - began, time.process_time() - cpu
    state.clear()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    counted = memory(joined, preset, result.provenance["strip"]) / 2**30
    resumed = f", rows taken from a saved state: {state.resumed}" if state.resumed else ""
    print(
        f"all: {took:.0f} s wall, {used:.0f} CPU seconds; estimate / measured = {predicted.seconds / took:.2f}{resumed}"
    )
    print(
        f"peak {peak:.2f} GiB, of which {base:.2f} before the sweep; counted beyond it: {counted:.2f} GiB; "
        f"one N×N float32 matrix a model would be {options.models * options.records**2 * 4 / 2**30:.1f} GiB"
    )


def _progress(name: str, done: int, records: int) -> None:
    print(f"    {time.strftime('%H:%M:%S')} {name}: {done} of {records}", flush=True)


if __name__ == "__main__":
    main()
