"""ESM-IF1's own call."""

from __future__ import annotations

from typing import Any

import numpy as np

from references import ChainReference


def reference(adapter: Any) -> ChainReference:
    """`esm.inverse_folding.util.get_encoder_output` of one chain's N, CA and C."""
    import torch
    from esm.inverse_folding.util import get_encoder_output

    @torch.no_grad()
    def call(backbone: np.ndarray) -> np.ndarray:
        coordinates = backbone[:, :3].astype(np.float32)
        vectors: np.ndarray = get_encoder_output(adapter.model, adapter.alphabet, coordinates).numpy()
        return vectors

    return call
