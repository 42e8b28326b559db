"""JAX: one device, full float32 precision, the same bits on every run."""

from __future__ import annotations

import os
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

from matterzoo_adapters.backends.host import peak_memory_mb, seed_generators
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


class JaxBackend:
    """JAX on the CPU or on one GPU. Its own random numbers come from keys, which an adapter makes of the run's seed."""

    def prepare(self, device: str, seed: int, threads: int) -> jax.Device:
        """Fix seeds, threads and precision; prove that the device computes.

        XLA reads its variables once, when the first device is asked for: a second call changes the seeds alone.
        """
        flags = ["--xla_gpu_deterministic_ops=true"]
        if threads == 1:
            flags.append("--xla_cpu_multi_thread_eigen=false")
        os.environ.setdefault("XLA_FLAGS", " ".join(flags))
        os.environ.setdefault("PJRT_NPROC", str(threads))
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
        jax.config.update("jax_platforms", "cuda,cpu" if device == "cuda" else "cpu")
        jax.config.update("jax_default_matmul_precision", "highest")
        seed_generators(seed)
        return prove_cuda() if device == "cuda" else jax.devices("cpu")[0]

    def to_numpy(self, array: Any) -> npt.NDArray[np.floating]:
        """Copy an array to the host; bfloat16 becomes float32, which NumPy knows."""
        copied = np.asarray(array)
        return copied.astype(np.float32) if copied.dtype.name == "bfloat16" else copied

    def out_of_memory(self, error: BaseException) -> bool:
        """Tell whether the device or the host could not allocate."""
        exhausted = isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error)
        return exhausted or isinstance(error, MemoryError)

    def peak_memory_mb(self) -> float:
        """Return the GPU's peak allocation if one is used, else the process's peak resident memory, in MB."""
        used = jax.devices()[0].memory_stats()
        return float(used["peak_bytes_in_use"]) / 2**20 if used else peak_memory_mb()

    def versions(self) -> dict[str, str]:
        """Return JAX's and NumPy's versions."""
        return {"jax": jax.__version__, "numpy": np.__version__}


def prove_cuda() -> jax.Device:
    """Multiply two numbers on the GPU, or say why that cannot be done.

    Raises
    ------
    MatterzooError
        `GPU_UNUSABLE` with the reason: no CUDA in this environment, no driver, no kernels for this GPU.
    """
    try:
        gpu = jax.devices("cuda")[0]
        (jax.device_put(1.0, gpu) * 2.0).block_until_ready()
    except RuntimeError as error:  # JaxRuntimeError is one
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        hint = "choose DEVICE=cpu, or see `matterzoo doctor`"
        raise MatterzooError(ExitCode.GPU_UNUSABLE, f"a GPU is wanted, but {first_line}", hint) from error
    return gpu


BACKEND = JaxBackend()
