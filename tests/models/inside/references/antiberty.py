"""AntiBERTy's own runner."""

from __future__ import annotations

from typing import Any

import numpy as np

from references import TextReference


def reference(adapter: Any) -> TextReference:
    """`AntiBERTyRunner.embed` of one sequence, without [CLS] and [SEP]."""
    import torch
    from antiberty import AntiBERTyRunner

    runner = object.__new__(AntiBERTyRunner)  # its constructor would load a checkpoint
    runner.model, runner.tokenizer, runner.device = adapter.model, adapter.tokenizer, torch.device("cpu")

    def call(string: str) -> np.ndarray:
        vectors: np.ndarray = runner.embed([string])[0][1:-1].numpy()
        return vectors

    return call
