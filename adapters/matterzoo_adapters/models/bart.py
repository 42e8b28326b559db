"""Encoders of BART: SELFIES-TED."""

from __future__ import annotations

import re
from typing import Any

import transformers as hf

from matterzoo_adapters.models.tokens import Written
from matterzoo_adapters.models.transformer import IDS, TransformerAdapter


class BartEncoderAdapter(TransformerAdapter):
    """The encoder of BART; what the whole model returns first is the decoder's."""

    model_class = hf.BartModel
    twin = hf.BartConfig(
        **IDS, d_model=32, encoder_layers=2, decoder_layers=1, encoder_attention_heads=4, decoder_attention_heads=4,
        encoder_ffn_dim=64, decoder_ffn_dim=64, decoder_start_token_id=3,
    )  # fmt: skip
    learned_positions = True

    def part(self, model: Any) -> Any:
        """Return the encoder."""
        return model.get_encoder()


class SelfiesTedAdapter(BartEncoderAdapter):
    """SELFIES-TED's encoder: symbols with blanks between them."""

    def written(self, string: str) -> Written:
        """Part the symbols where one bracket closes and the next opens."""
        begins = [0, *(found.start() + 1 for found in re.finditer(re.escape("]["), string))]
        return Written([string[a:b] for a, b in zip(begins, [*begins[1:], None], strict=True)], begins)
