"""Llama: DeepSeek-R1-Distill-Llama."""

from __future__ import annotations

import transformers as hf

from matterzoo_adapters.models.chat import AtomisticAdapter, ChatAdapter
from matterzoo_adapters.models.transformer import IDS, SMALL


class LlamaAdapter(ChatAdapter):
    """Llama."""

    model_class = hf.LlamaModel
    twin = hf.LlamaConfig(**SMALL, **IDS, num_key_value_heads=2)
    frame = "<s> $A"


class LlamaAtomsAdapter(AtomisticAdapter, LlamaAdapter):
    """Llama, given structures as ASE prints them."""
