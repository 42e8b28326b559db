"""3-mers counted by Python."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

import numpy as np

from references import TextReference


def reference(adapter: Any) -> TextReference:
    """Counts of every three letters in a row."""
    del adapter
    words = ["".join(letters) for letters in product("ACDEFGHIKLMNPQRSTVWY", repeat=3)]

    def call(sequence: str) -> np.ndarray:
        counts = Counter(sequence[place : place + 3] for place in range(len(sequence) - 2))
        return np.array([[counts[word] for word in words]], float)

    return call
