"""Which device a run takes: a GPU is found by itself, and a GPU that is wanted but absent is an error."""

from __future__ import annotations

import os

from matterzoo_harness.runtimes.gpu import gpus, require_gpu
from matterzoo_schemas.environment import Environment, VariantName
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

MOST_THREADS = 8
"""More threads than this rarely help one worker."""


def choose_device(wanted: str, environment: Environment) -> tuple[str, VariantName]:
    """Choose the device and the lock variant that serves it.

    Parameters
    ----------
    wanted
        `auto`, `cpu`, `cuda`, or GPUs by their UUIDs, with commas between: one model lies on all of them.
    environment
        The model's environment.

    Returns
    -------
    device, variant
        `cpu` or the GPUs' UUIDs, and the lock.

    Raises
    ------
    MatterzooError
        `GPU_UNUSABLE` if a GPU is wanted and there is none, or the environment has no CUDA lock; `USAGE` for a word
        that is no device.
    """
    several = wanted.split(",")
    if wanted not in ("auto", "cpu", "cuda") and not all(one.startswith("GPU-") for one in several):
        there_is = "auto, cpu, cuda, GPU-<uuid>, GPU-<uuid>,GPU-<uuid>"
        raise MatterzooError(ExitCode.USAGE, f"there is no device {wanted!r}; there is: {there_is}")
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
    names = ["cuda"] if wanted == "auto" else several
    found = [require_gpu(name, environment.name, cuda, environment.variants[cuda]) for name in names]
    return ",".join(gpu.uuid for gpu in found), cuda


def default_threads(workers: int = 1) -> int:
    """Return the threads of one worker where `workers` run side by side."""
    cores = len(os.sched_getaffinity(0))
    return max(1, min(cores // max(workers, 1), MOST_THREADS))
