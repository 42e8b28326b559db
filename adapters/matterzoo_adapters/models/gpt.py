"""GPT-2 and GPT-Neo, where a token's state knows only what stands before it: ProtGPT2, ChemGPT."""

from __future__ import annotations

import transformers as hf

from matterzoo_adapters.models.transformer import IDS, TransformerAdapter


class GPT2Adapter(TransformerAdapter):
    """GPT-2."""

    model_class = hf.GPT2Model
    twin = hf.GPT2Config(**IDS, n_embd=32, n_layer=2, n_head=4)
    frame = "$A"
    learned_positions = True


class GPTNeoAdapter(TransformerAdapter):
    """GPT-Neo: every second layer sees the last few tokens only."""

    model_class = hf.GPTNeoModel
    twin = hf.GPTNeoConfig(**IDS, hidden_size=32, num_layers=2, num_heads=4, attention_types=[[["global", "local"], 1]])
    frame = "$A"
    learned_positions = True
