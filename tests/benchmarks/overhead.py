"""What everything around the model costs: records.safetensors to gathered file with a model that does nothing.

    python tests/benchmarks/overhead.py [RECORDS]

The real command, the real `venv` runtime, and the private zoo's model `trivial`. Prints records a second, milliseconds
a shard and peak memory, each against its bar, and ends with 1 if one does not hold.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from matterzoo_schemas.columns import Strings, offsets_of
from matterzoo_schemas.records import Records
from matterzoo_schemas.views import AtomsColumn

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).with_name("matterzoo")
RECORDS_A_SECOND, MS_A_SHARD, MEGABYTES = 20_000, 30, 500
SHARDS = 100


def molecules(count: int, atoms: int) -> Records:
    """Make records of `atoms` atoms each."""
    rng, total = np.random.default_rng(0), count * atoms
    column = AtomsColumn(
        present=np.ones(count, np.bool_), offsets=offsets_of(np.full(count, atoms)),
        numbers=rng.choice(np.array([1, 6, 7, 8], np.uint8), total), positions=rng.random((total, 3)) * 100,
        cell=np.zeros((count, 3, 3)), pbc=np.zeros((count, 3), np.bool_),
        charge=np.full(count, np.nan), spin=np.full(count, np.nan),
    )  # fmt: skip
    return Records.of_columns(Strings.pack(f"molecule-{row}" for row in range(count)), {"atoms": column})


@dataclass
class Measured:
    """One run of the command: seconds from start to end, and the peak resident MB of harness and worker."""

    seconds: float
    harness: float = 0.0
    worker: float = 0.0


def measure(records: Path, out: Path) -> Measured:
    """Run the command to its end, looking at the memory of its processes while it runs."""
    began, result = time.monotonic(), Measured(0.0)
    process = psutil.Popen(
        [COMMAND, "run", "trivial", records, "-o", out, "--runtime", "venv", "--threads", "1", "--json"],
        env=os.environ | {"MATTERZOO_PATH": str(ROOT / "tests" / "private_zoo")},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None:
        result.harness = max(result.harness, _megabytes(process))
        for child in _children(process):
            if "matterzoo_adapters.worker" in _command_line(child):
                result.worker = max(result.worker, _megabytes(child))
        time.sleep(0.02)
    result.seconds = time.monotonic() - began
    (answer,) = json.loads(process.stdout.read())
    if process.returncode or answer["error"]:
        raise SystemExit(f"the run ended with {process.returncode}: {answer['error']}")
    return result


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children())
    except psutil.Error:
        return []


def _command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _megabytes(process: psutil.Process) -> float:
    try:
        return process.memory_info().rss / 2**20
    except psutil.Error:
        return 0.0


def report(what: str, value: float, bar: float, unit: str, *, holds: bool) -> bool:
    """Print one number against its bar."""
    print(
        f"{what:<34} {value:>12,.1f} {unit:<12} bar {bar:>9,.0f}   ratio {value / bar:6.2f}   {'ok' if holds else 'NO'}"
    )
    return holds


def main() -> int:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, number, atoms in (("many", count, 3), ("one", 1, 20_000), ("shards", SHARDS + 1, 20_000)):
            molecules(number, atoms).write(folder / f"{name}.safetensors")
        measure(folder / "one.safetensors", folder / "warm")  # makes the environment
        one, shards, many = (
            measure(folder / f"{name}.safetensors", folder / name) for name in ("one", "shards", "many")
        )
    a_shard = (shards.seconds - one.seconds) * 1000 / SHARDS
    rate = count / many.seconds
    peak = many.harness + many.worker
    print(f"{count:,} records of 3 atoms in {many.seconds:.1f} s, all included ({one.seconds:.1f} s for one record)")
    return 0 if all(
        [
            report("records a second", rate, RECORDS_A_SECOND, "1/s", holds=rate >= RECORDS_A_SECOND),
            report("a shard of 20,000 atoms", a_shard, MS_A_SHARD, "ms", holds=a_shard < MS_A_SHARD),
            report("peak memory of the harness", many.harness, MEGABYTES, "MB", holds=many.harness <= MEGABYTES),
            report("peak memory of the worker", many.worker, MEGABYTES, "MB", holds=many.worker <= MEGABYTES),
            report("peak memory of both", peak, MEGABYTES, "MB", holds=peak <= MEGABYTES),
        ]
    ) else 1  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
