"""BERT: MatSciBERT."""

from __future__ import annotations

from typing import Any, ClassVar

import transformers as hf

from matterzoo_adapters.models.transformer import SMALL, TransformerAdapter


class BertAdapter(TransformerAdapter):
    """BERT."""

    model_class = hf.BertModel
    twin = hf.BertConfig(**SMALL, pad_token_id=0)
    arguments: ClassVar[dict[str, Any]] = {"add_pooling_layer": False}
    learned_positions = True
