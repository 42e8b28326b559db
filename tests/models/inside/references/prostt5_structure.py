"""ProstT5's own call: the letters of a structure, one blank between two, behind <fold2AA>."""

from __future__ import annotations

from typing import Any

import numpy as np

from references import ChainReference


def reference(adapter: Any) -> ChainReference:
    """The encoder's last hidden states between prefix and </s>, of one chain."""
    import mini3di
    import torch

    encoder, own = mini3di.Encoder(), adapter.encoder

    @torch.inference_mode()
    def call(backbone: np.ndarray) -> np.ndarray:
        n, ca, c = backbone[:, 0], backbone[:, 1], backbone[:, 2]
        letters = encoder.build_sequence(encoder.encode_atoms(ca=ca, cb=np.full_like(ca, np.nan), n=n, c=c)).lower()
        told = own.tokenizer(["<fold2AA>", *letters], is_split_into_words=True, return_tensors="pt")
        vectors: np.ndarray = adapter.model(told["input_ids"]).last_hidden_state[0, 1:-1].numpy()
        return vectors

    return call
