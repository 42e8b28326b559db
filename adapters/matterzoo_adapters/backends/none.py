"""No framework: descriptors in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from matterzoo_adapters.backends.host import peak_memory_mb, seed_generators
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


class NoBackend:
    """Runs on the CPU alone, and says so when a GPU is wanted."""

    def prepare(self, device: str, seed: int, threads: int) -> str:
        """Fix the seeds; thread pools are bound by the environment the runtime sets."""
        del threads
        if device != "cpu":
            raise MatterzooError(
                ExitCode.GPU_UNUSABLE, "this model computes on the CPU only, and a GPU was asked for", "DEVICE=cpu"
            )
        seed_generators(seed)
        return device

    def to_numpy(self, array: Any) -> npt.NDArray[np.floating]:
        """Return the array as it is."""
        return np.asarray(array)

    def out_of_memory(self, error: BaseException) -> bool:
        """Tell whether NumPy could not allocate."""
        return isinstance(error, MemoryError)

    def peak_memory_mb(self) -> float:
        """Return the process's peak resident memory in MB."""
        return peak_memory_mb()

    def versions(self) -> dict[str, str]:
        """Return NumPy's version."""
        return {"numpy": np.__version__}


BACKEND = NoBackend()
