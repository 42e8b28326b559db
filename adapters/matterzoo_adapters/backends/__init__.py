"""Who answers for device, seed, determinism and memory: one short file a framework."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt


class Backend(Protocol):
    """What the worker asks of a framework."""

    def prepare(self, device: str, seed: int, threads: int) -> Any:
        """Fix seeds, determinism and threads; return the framework's own device.

        Raises
        ------
        MatterzooError
            `GPU_UNUSABLE` if a GPU is wanted and none can compute: never the CPU in silence.
        """

    def to_numpy(self, array: Any) -> npt.NDArray[np.floating]:
        """Copy an array from wherever it is to the host."""

    def out_of_memory(self, error: BaseException) -> bool:
        """Tell whether an error means that the batch was too large; frees what it can."""

    def peak_memory_mb(self) -> float:
        """Return the most memory used so far on the device, in MB."""

    def versions(self) -> dict[str, str]:
        """Return the framework's versions by name."""


def backend(name: str) -> Backend:
    """Return a backend by name (`torch`, `jax`, `tensorflow`, `none`), importing its framework only now."""
    return cast("Backend", import_module(f"{__name__}.{name}").BACKEND)
