"""Sixty models, fifteen thousand records, mean width 512, on the cores that are there: time, memory, time by step.

    python tests/benchmarks/metrics_large.py [--models 60] [--records 15000]

Peak memory is that of the whole process, embeddings included; the bound is printed beside it.
"""

from __future__ import annotations

import argparse
import platform
import resource
import time
from collections.abc import Sequence

import numpy as np
import torch

from matterzoo_harness.metrics import inputs
from matterzoo_harness.metrics.estimate import estimate, memory
from matterzoo_harness.metrics.front_door import compare_joined
from matterzoo_harness.metrics.presets import resolve
from matterzoo_harness.metrics.sweep import Pass, sweep
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
WIDTHS = (64, 128, 256, 256, 384, 512, 512, 768, 1024, 1216)
"""Mean 512."""


def embeddings(models: int, records: int) -> dict[str, np.ndarray]:
    """Tanh features of a shared 12-dimensional latent, with noise, float32."""
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((records, 12), dtype=np.float32)
    made = {}
    for i in range(models):
        width = WIDTHS[i % len(WIDTHS)]
        made[f"m{i}"] = np.tanh(latent @ rng.standard_normal((12, width), dtype=np.float32) / 3)
        made[f"m{i}"] += 0.1 * rng.standard_normal((records, width), dtype=np.float32)
    return made


def main() -> None:
    """Print what it takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=60)
    parser.add_argument("--records", type=int, default=15000)
    options = parser.parse_args()
    joined = inputs.join(embeddings(options.models, options.records))
    preset = resolve("default", metrics=METRICS)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    predicted = estimate(joined, preset)
    print(f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    print(f"M={options.models}, N={options.records}, d {min(WIDTHS)} … {max(WIDTHS)}, float32")
    print(f"estimate: {predicted.seconds:.0f} s, {predicted.gibibytes:.2f} GiB beyond the embeddings", flush=True)

    def run(name: str, features: Sequence[Features], passes: Sequence[Pass], height: int) -> None:
        began = time.perf_counter()
        clocks = {type(p).__name__ + getattr(p, "channel", ""): 0.0 for p in passes}
        for each in passes:
            _timed(each, clocks)
        sweep(features, passes, height)
        took = time.perf_counter() - began
        print(f"  sweep {name:4} {took:8.1f} s, strips of {height}")
        for step, spent in clocks.items():
            print(f"    {step:18} {spent:8.1f} s")
        print(f"    {'tiles':18} {took - sum(clocks.values()):8.1f} s", flush=True)

    began, cpu = time.perf_counter(), time.process_time()
    result = compare_joined(joined, preset, runner=run)
    took, used = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    counted = memory(joined, preset, result.provenance["strip"]) / 2**30
    print(f"all: {took:.0f} s wall, {used:.0f} CPU seconds; estimate / measured = {predicted.seconds / took:.2f}")
    print(
        f"peak {peak:.2f} GiB, of which {base:.2f} before the sweep; counted beyond it: {counted:.2f} GiB; "
        f"one N×N float32 matrix a model would be {options.models * options.records**2 * 4 / 2**30:.1f} GiB"
    )


def _timed(each: Pass, clocks: dict[str, float]) -> None:
    inner, name = each.strip, type(each).__name__ + getattr(each, "channel", "")

    def strip(*arguments: object) -> None:
        began = time.perf_counter()
        inner(*arguments)  # type: ignore[arg-type]
        clocks[name] += time.perf_counter() - began

    each.strip = strip  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
