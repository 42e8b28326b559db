"""RoBERTa: ChemBERTa, RoBERTa-ZINC, SELFormer."""

from __future__ import annotations

from typing import Any, ClassVar

import transformers as hf

from matterzoo_adapters.models.transformer import IDS, SMALL, TransformerAdapter


class RobertaAdapter(TransformerAdapter):
    """RoBERTa."""

    model_class = hf.RobertaModel
    twin = hf.RobertaConfig(**SMALL, **IDS, max_position_embeddings=514)
    arguments: ClassVar[dict[str, Any]] = {"add_pooling_layer": False}
    learned_positions = True

    @property
    def first_position(self) -> int:
        """Positions are counted from behind the padding's."""
        return int(self.model.config.pad_token_id) + 1
