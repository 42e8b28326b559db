"""The whole suite on one GPU: time, memory, fraction of the roofline by step, and whether it equals the CPU in float64.

    python tests/benchmarks/gpu_suite.py [--device cuda] [--models 60] [--records 50000] [--small 15000]

Needs a CUDA build of torch, NumPy, and this repository's files; nothing has to be installed. Everything is made here, and
runs in under eight minutes. Without a GPU it says so and ends with exit code 71; `--device cpu --models 4 --records 800
--small 400 --check 300` walks through it on a CPU.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("harness", "schemas", "tests/support")]

import torch  # noqa: E402
from made_embeddings import made, widths  # noqa: E402

from matterzoo_harness.metrics.devices import strip_height  # noqa: E402
from matterzoo_harness.metrics.engine import measure  # noqa: E402
from matterzoo_harness.metrics.findings import Findings  # noqa: E402
from matterzoo_harness.metrics.neighbours import Neighbours  # noqa: E402
from matterzoo_harness.metrics.numerics import PRECISIONS, full_precision  # noqa: E402
from matterzoo_harness.metrics.orders import ByDistance  # noqa: E402
from matterzoo_harness.metrics.presets import PAIR_METRICS, resolve  # noqa: E402
from matterzoo_harness.metrics.sweep import Pass, sweep  # noqa: E402
from matterzoo_harness.metrics.views import Features, view  # noqa: E402

BARS = dict.fromkeys(PAIR_METRICS, 1e-6) | {
    **dict.fromkeys(("cknna", "mutual_knn", "information_imbalance", "id_correlation"), 1e-12),
    "linear_predictivity": 1e-4,
}
"""Largest difference from float64: what neighbours decide is equal; a ridge map of more columns than records magnifies."""

MODEL_BAR = 1e-9
"""Of dimensions and counts."""


class Clock:
    """Runs sweeps and keeps the seconds of every step of each."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.steps, self.sweeps = device, {}, {}
        self.fallback: dict[str, int] = {}

    def now(self) -> float:
        """Seconds, after the device is done."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def __call__(self, name: str, features: Sequence[Features], passes: Sequence[Pass], height: int) -> None:
        """Run one sweep; a synchronisation around each pass costs microseconds a strip."""
        inside = 0.0
        for each in passes:
            label = f"{name}/{type(each).__name__}{'/' + each.channel if hasattr(each, 'channel') else ''}"
            self._watch(each, label)
        before = sum(self.steps.values())
        began = self.now()
        sweep(features, passes, height)
        self.sweeps[name] = self.now() - began
        inside = sum(self.steps.values()) - before
        self.steps[f"{name}/tiles"] = self.sweeps[name] - inside
        for each in passes:
            for key in ("retried", "recomputed"):
                if key in each.sums:
                    label = f"{name}/{type(each).__name__}/{key}"
                    self.fallback[label] = self.fallback.get(label, 0) + int(each.sums[key].sum())

    def _watch(self, each: Pass, label: str) -> None:
        inner = each.strip
        self.steps.setdefault(label, 0.0)

        def strip(given: object) -> None:
            began = self.now()
            inner(given)
            self.steps[label] += self.now() - began

        each.strip = strip


def rates(device: torch.device) -> tuple[float, float]:
    """Measured float32 multiply-add rate (flop/s) and memory bandwidth (B/s) of this device: the roofline."""
    size = 8192 if device.type == "cuda" else 1024
    a = torch.randn(size, size, device=device)
    long = torch.randn(1 << (28 if device.type == "cuda" else 22), device=device)
    out = torch.empty_like(long)
    clock = Clock(device)
    best = [float("inf")] * 2
    with full_precision():
        for _ in range(4):
            began = clock.now()
            a @ a
            best[0] = min(best[0], clock.now() - began)
            began = clock.now()
            torch.add(long, 1.0, out=out)
            best[1] = min(best[1], clock.now() - began)
    return 2 * size**3 / best[0], 2 * 4 * long.numel() / best[1]


def suite(sources: list[torch.Tensor], device: torch.device) -> tuple[Findings, Clock, float]:
    """The default preset's metrics on everything."""
    clock = Clock(device)
    records = len(sources[0])
    height = strip_height(len(sources), records, "float32", device)
    order = torch.arange(records, device=device)
    with full_precision(), torch.inference_mode():
        began = clock.now()
        found = measure(sources, resolve("default"), order, height, clock)
        return found, clock, clock.now() - began


def floors(models: int, records: int, width: float, flops: float, bandwidth: float) -> dict[str, float]:
    """Least seconds of each step on the measured roofline."""
    product = 2 * records**2 * width * models / flops
    channel = 4 * models * records**2 / bandwidth
    moments = 2 * models**2 * records**2 / flops
    compares = 2 * models**2 * records**2 / (flops / 2)
    joint = 4 * models * (models + 1) / 2 * records**2 / (flops / 2)
    return {
        "tiles": product + channel,
        "Neighbours": channel,
        "Ranks": max(compares, channel),
        "Moments": moments + 2 * channel,
        "JointPairs": max(joint, channel),
    }


def report(models: int, records: int, device: torch.device, roof: tuple[float, float]) -> None:
    """Time the suite once (after a warm-up on a few records) and print where the time goes."""
    sources = list(made("shared", records, widths(models), device).values())
    width = sum(s.shape[1] for s in sources) / models
    suite([s[:600] for s in sources[:3]], device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    _, clock, took = suite(sources, device)
    least = floors(models, records, width, *roof)
    print(f"\nM={models}, N={records}, mean d={width:.0f}: {took:.2f} s")
    for step, spent in sorted(clock.steps.items(), key=lambda item: -item[1]):
        floor = least[step.split("/")[1]]
        print(f"  {step:28} {spent:8.2f} s   floor {floor:6.2f} s   {floor / max(spent, 1e-9):5.0%} of the roofline")
    print(f"  {'outside the sweeps':28} {took - sum(clock.sweeps.values()):8.2f} s")
    print(f"  certificates: {clock.fallback}")
    if device.type == "cuda":
        print(f"  peak {torch.cuda.max_memory_allocated(device) / 2**30:.1f} GiB of GPU memory")


def equals_cpu(device: torch.device, records: int) -> bool:
    """The device in float32 against the CPU in float64, on three kinds of data; and twice the same bits."""
    preset, good = resolve("default"), []
    for kind in ("gauss", "shared", "clustered"):
        host = list(made(kind, records, widths(5)).values())
        order = torch.arange(records)
        with full_precision(), torch.inference_mode():
            exact = measure(host, preset.with_(precision="float64"), order, 128)
            first = measure([s.to(device) for s in host], preset, order.to(device), 128)
            again = measure([s.to(device) for s in host], preset, order.to(device), 128)
        fine = True
        for key, one in _arrays(exact).items():
            two, three = _arrays(first)[key], _arrays(again)[key]
            difference, bar = float(abs(one - two).max()), BARS.get(key.split("@")[0], MODEL_BAR)
            same = two.tobytes() == three.tobytes()
            if not (difference <= bar and same):
                fine = False
                print(f"  {kind} {key}: off by {difference:.1e} (bar {bar:.0e}), two runs equal: {same}")
        print(f"  {kind}: {'equal' if fine else 'NOT equal'} within the bars", flush=True)
        good.append(fine)
    return all(good)


def _arrays(found: Findings) -> dict[str, Any]:
    return {f"{metric}@{k}": values for metric, k, _, _, values in found.pairs} | found.models


def beyond_32_bits(device: torch.device) -> bool:
    """A strip buffer of more than 2³¹ numbers: neighbours in its last model are those of the model alone."""
    records, models, height = 60_000, 72, 512
    if device.type != "cuda" or torch.cuda.get_device_properties(device).total_memory < 40 * 2**30:
        print("  left out: it takes 20 GiB of GPU memory")
        return True
    g = torch.Generator(device=device).manual_seed(1)
    source = torch.randn(records, 8, generator=g, device=device)
    with full_precision(), torch.inference_mode():
        one = view("raw", source, PRECISIONS["float32"])
        search = [Neighbours(ByDistance([one] * n), (n, records), 4, device=device) for n in (models, 1)]
        for each, n in zip(search, (models, 1), strict=True):
            buffers = [one] * n
            _first_strip(buffers, each, height)
        same = torch.equal(search[0].rows["index"][-1, :height], search[1].rows["index"][0, :height])
    print(f"  tile of {models * height * records:,} numbers: {'right' if same else 'WRONG'}")
    return same


def _first_strip(features: list[Features], each: Pass, height: int) -> None:
    class Enough(Exception):
        """One strip is done."""

    def stop(_rows: int) -> None:
        raise Enough

    with contextlib.suppress(Enough):
        sweep(features, [each], height, after=stop)


def main() -> int:
    """Run all of it; 0 if the device agrees with the CPU."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--models", type=int, default=60)
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--small", type=int, default=15_000)
    parser.add_argument("--check", type=int, default=2000)
    options = parser.parse_args()
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        print("no usable GPU: torch finds none", file=sys.stderr)
        return 71
    device, began = torch.device(options.device), time.perf_counter()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    roof = rates(device)
    print(
        f"{name}, torch {torch.__version__}: {roof[0] / 1e12:.2f} Tflop/s float32, {roof[1] / 1e9:.0f} GB/s, both measured"
    )
    print(f"\nagainst the CPU in float64, N={options.check}")
    fine = equals_cpu(device, options.check)
    print("\n64-bit offsets")
    fine &= beyond_32_bits(device)
    report(options.models, options.small, device, roof)
    report(options.models, options.records, device, roof)
    print(f"\nall of this: {time.perf_counter() - began:.0f} s")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
