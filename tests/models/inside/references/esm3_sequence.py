"""ESM3's own client, told a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from references import TextReference


def reference(adapter: Any) -> TextReference:
    """`encode`, then `logits` with its embeddings, of one protein; without <cls> and <eos>."""
    from esm.sdk.api import ESMProtein, LogitsConfig

    def call(string: str) -> np.ndarray:
        told = adapter.model.encode(ESMProtein(sequence=string))
        vectors = adapter.model.logits(told, LogitsConfig(return_embeddings=True)).embeddings
        return np.asarray(vectors[0, 1:-1].numpy())

    return call
