"""CARP's own call."""

from __future__ import annotations

from typing import Any

import numpy as np

from references import TextReference


def reference(adapter: Any) -> TextReference:
    """One sequence through the package's collater and model, as its page shows."""
    import torch

    @torch.no_grad()
    def call(string: str) -> np.ndarray:
        told = adapter.model(adapter.collate([[string]])[0])["representations"]
        vectors: np.ndarray = told[max(told)][0].numpy()
        return vectors

    return call
