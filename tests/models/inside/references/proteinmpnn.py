"""ProteinMPNN's and LigandMPNN's own encoders, one chain at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from references import ChainReference


def reference(adapter: Any) -> ChainReference:
    """`ProteinMPNN.encode` of what its authors' parser makes of one chain: all residues, the incomplete ones masked."""
    import torch

    @torch.no_grad()
    def call(backbone: np.ndarray) -> np.ndarray:
        length = len(backbone)
        whole = np.isfinite(backbone).all(axis=(1, 2))
        atoms, none = adapter.model.features, torch.zeros((1, length), dtype=torch.int32)
        context = getattr(atoms, "atom_context_num", 1)
        told = {
            "X": torch.tensor(np.nan_to_num(backbone), dtype=torch.float32)[None],
            "mask": torch.tensor(whole, dtype=torch.int32)[None],
            "R_idx": torch.arange(length, dtype=torch.int32)[None], "chain_labels": none, "S": none,
            "Y": torch.zeros((1, length, context, 3)), "Y_t": torch.zeros((1, length, context), dtype=torch.int32),
            "Y_m": torch.zeros((1, length, context), dtype=torch.int32),
        }  # fmt: skip
        vectors: np.ndarray = adapter.model.encode(told)[0][0].numpy()[whole]
        return vectors

    return call
