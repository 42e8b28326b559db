"""NVIDIA GPUs of this machine, and whether a lock can use one. Said before a worker starts; never a silent CPU run."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

from matterzoo_schemas.environment import Variant
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


@dataclass(frozen=True)
class Gpu:
    """One GPU as nvidia-smi names it."""

    uuid: str
    name: str
    driver: str
    capability: str
    memory_mib: int


def gpus() -> list[Gpu]:
    """List the GPUs that nvidia-smi shows; none where it is absent or fails."""
    if shutil.which("nvidia-smi") is None:
        return []
    fields = "uuid,name,driver_version,compute_cap,memory.total"
    try:
        done = subprocess.run(
            ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    rows = [[cell.strip() for cell in line.split(",")] for line in done.stdout.splitlines() if done.returncode == 0]
    return [
        Gpu(row[0], row[1], row[2], row[3], int(row[4]) if row[4].isdigit() else 0) for row in rows if len(row) == 5
    ]


def require_gpu(device: str, environment: str, variant_name: str, variant: Variant) -> Gpu:
    """Give the GPU that a worker will use.

    Parameters
    ----------
    device
        `cuda` for the first one, or a UUID.
    environment, variant_name, variant
        The lock, and what it needs.

    Raises
    ------
    MatterzooError
        GPU_UNUSABLE saying which of its needs this machine does not meet.
    """
    found = gpus()
    if not found:
        raise _unusable("this machine shows no NVIDIA GPU (nvidia-smi is absent or lists none)")
    chosen = found[0] if device == "cuda" else next((gpu for gpu in found if gpu.uuid == device), None)
    if chosen is None:
        raise _unusable(f"this machine has no GPU {device}; it has {', '.join(gpu.uuid for gpu in found)}")
    if variant.cuda is None:
        raise _unusable(f"environment {environment} has no CUDA lock ({variant_name} was asked for)")
    if variant.driver and _numbers(chosen.driver) < _numbers(variant.driver):
        raise _unusable(
            f"{environment}'s {variant_name} lock brings CUDA {variant.cuda}, which needs driver {variant.driver} or "
            f"newer; {chosen.name} runs driver {chosen.driver}"
        )
    if variant.capability and _numbers(chosen.capability) < _numbers(variant.capability):
        raise _unusable(
            f"{environment}'s {variant_name} lock has kernels for compute capability {variant.capability} and newer; "
            f"{chosen.name} has {chosen.capability}"
        )
    return chosen


def _unusable(reason: str) -> MatterzooError:
    return MatterzooError(ExitCode.GPU_UNUSABLE, f"a GPU is wanted and none can be used: {reason}", "--device cpu")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
