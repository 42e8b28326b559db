"""The small CPU builds of PyTorch stand in few places."""

from __future__ import annotations

from matterzoo_harness.doctor.finding import Finding
from matterzoo_harness.torch_builds import cpu_builds

PYTHON = "3.11"


def look() -> Finding:
    """Look where a CPU build can be had now."""
    builds = cpu_builds(PYTHON)
    if builds:
        return Finding("CPU torch", "ok", f"{builds[0].version} for Python {PYTHON} can be had")
    return Finding(
        "CPU torch",
        "note",
        "no CPU build of torch can be had from here: environments take their whole CUDA lock (some 5 GB)",
        "let pip know a folder that has one: pip config set global.find-links FOLDER",
    )
