"""What every framework shares with plain Python: its random generators, and the process's memory."""

from __future__ import annotations

import random
import resource

import numpy as np


def seed_generators(seed: int) -> None:
    """Seed the global generators of Python and NumPy, which packages draw from."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (packages use the global generator)


def peak_memory_mb() -> float:
    """Return the process's peak resident memory in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
