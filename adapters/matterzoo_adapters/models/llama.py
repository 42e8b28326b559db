"""Llama, where a token's state knows only what stands before it."""

from __future__ import annotations

import transformers as hf

from matterzoo_adapters.models.transformer import IDS, SMALL, TransformerAdapter


class LlamaAdapter(TransformerAdapter):
    """Llama."""

    model_class = hf.LlamaModel
    twin = hf.LlamaConfig(**SMALL, **IDS, num_key_value_heads=2)
    frame = "<s> $A"
