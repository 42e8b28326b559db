"""Qwen3 with a mixture of experts."""

from __future__ import annotations

import transformers as hf

from matterzoo_adapters.models.chat import AtomisticAdapter, ChatAdapter
from matterzoo_adapters.models.transformer import IDS, SMALL


class Qwen3MoeAdapter(ChatAdapter):
    """Qwen3-MoE."""

    model_class = hf.Qwen3MoeModel
    twin = hf.Qwen3MoeConfig(
        **SMALL, **IDS, num_key_value_heads=2, head_dim=8, num_experts=4, num_experts_per_tok=2,
        moe_intermediate_size=32,
    )  # fmt: skip


class Qwen3MoeAtomsAdapter(AtomisticAdapter, Qwen3MoeAdapter):
    """Qwen3-MoE, given structures as ASE prints them."""
