"""Qwen3 with a mixture of experts, where a token's state knows only what stands before it."""

from __future__ import annotations

import transformers as hf

from matterzoo_adapters.models.transformer import IDS, SMALL, TransformerAdapter


class Qwen3MoeAdapter(TransformerAdapter):
    """Qwen3-MoE."""

    model_class = hf.Qwen3MoeModel
    twin = hf.Qwen3MoeConfig(
        **SMALL, **IDS, num_key_value_heads=2, head_dim=8, num_experts=4, num_experts_per_tok=2,
        moe_intermediate_size=32,
    )  # fmt: skip
    frame = "$A"
