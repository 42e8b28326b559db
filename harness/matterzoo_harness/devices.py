"""Which device a run takes: a GPU is found by itself, and a GPU that is wanted but absent is an error."""

from __future__ import annotations

import os
import shutil
import subprocess

from matterzoo_schemas.environment import Environment
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

MOST_THREADS = 8
"""More threads than this rarely help one worker."""


def gpus() -> list[str]:
    """Return the UUIDs of the GPUs that the NVIDIA driver reports; none if there is no driver."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    done = subprocess.run(
        [tool, "--query-gpu=uuid", "--format=csv,noheader"], capture_output=True, text=True, timeout=30, check=False
    )
    return (
        [line.strip() for line in done.stdout.splitlines() if line.startswith("GPU-")] if done.returncode == 0 else []
    )


def choose_device(wanted: str, environment: Environment) -> tuple[str, str]:
    """Choose the device and the lock variant that serves it.

    Parameters
    ----------
    wanted
        `auto`, `cpu`, `cuda`, or one GPU by its UUID.
    environment
        The model's environment.

    Returns
    -------
    device, variant
        `cpu` or a GPU's UUID, and the lock.

    Raises
    ------
    MatterzooError
        `GPU_UNUSABLE` if a GPU is wanted and there is none, or the environment has no CUDA lock; `USAGE` for a word
        that is no device.
    """
    if wanted not in ("auto", "cpu", "cuda") and not wanted.startswith("GPU-"):
        raise MatterzooError(ExitCode.USAGE, f"there is no device {wanted!r}; there is: auto, cpu, cuda, GPU-<uuid>")
    there = gpus() if wanted != "cpu" else []
    cuda = environment.variant_for("cuda")
    if wanted == "cpu" or (wanted == "auto" and not (there and cuda)):
        variant = environment.variant_for("cpu")
        if variant is None:
            raise MatterzooError(ExitCode.GPU_UNUSABLE, f"environment {environment.name} has no lock for the CPU")
        return "cpu", variant
    hint = "choose DEVICE=cpu, or see `matterzoo doctor`"
    if cuda is None:
        raise MatterzooError(ExitCode.GPU_UNUSABLE, f"environment {environment.name} computes on the CPU only", hint)
    if not there:
        raise MatterzooError(
            ExitCode.GPU_UNUSABLE, "a GPU is wanted, and the NVIDIA driver reports none (nvidia-smi)", hint
        )
    if wanted.startswith("GPU-") and wanted not in there:
        raise MatterzooError(ExitCode.GPU_UNUSABLE, f"there is no {wanted}; there is: {', '.join(there)}", hint)
    return (there[0] if wanted in ("auto", "cuda") else wanted), cuda


def default_threads(workers: int = 1) -> int:
    """Return the threads of one worker where `workers` run side by side."""
    cores = len(os.sched_getaffinity(0))
    return max(1, min(cores // max(workers, 1), MOST_THREADS))
