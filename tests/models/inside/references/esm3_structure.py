"""ESM3's own client, told a structure alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from references import ChainReference


def reference(adapter: Any) -> ChainReference:
    """`encode`, then `logits` with its embeddings, of one protein's coordinates; without the tokens that frame it."""
    import torch
    from esm.sdk.api import ESMProtein, LogitsConfig

    def call(backbone: np.ndarray) -> np.ndarray:
        atoms = np.full((len(backbone), 37, 3), np.nan, np.float32)  # N, CA, C, CB, O, …
        atoms[:, :3], atoms[:, 4] = backbone[:, :3], backbone[:, 3]
        told = adapter.model.encode(ESMProtein(coordinates=torch.from_numpy(atoms)))
        vectors = adapter.model.logits(told, LogitsConfig(return_embeddings=True)).embeddings
        return np.asarray(vectors[0, 1:-1].numpy())

    return call
