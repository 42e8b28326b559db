"""AntiBERTy: the last hidden states of antibodies' residues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from antiberty import AntiBERTy
from antiberty.tokenizer import AntiBERTyTokenizer
from transformers import BertConfig

from matterzoo_adapters.base import Embedding, TextAdapter, TextBatch, Tokens

SMALL: dict[str, Any] = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
    "max_position_embeddings": 512,
}  # fmt: skip


class AntiBERTyAdapter(TextAdapter):
    """AntiBERTy, called as its runner calls it; [CLS] and [SEP] around a sequence have no vector."""

    def load(self) -> None:
        """Load the checkpoint's folder, or build a small model with random weights.

        Raises
        ------
        ValueError
            If the checkpoint lacks weights, which would be random.
        """
        self.tokenizer = AntiBERTyTokenizer()
        if self.setup.random_weights:
            model = AntiBERTy(BertConfig(vocab_size=len(self.tokenizer), **SMALL))
        else:
            model, told = AntiBERTy.from_pretrained(
                self.setup.checkpoint, local_files_only=True, attn_implementation="eager", output_loading_info=True
            )
            if missing := sorted(told["missing_keys"]):
                raise ValueError(f"the checkpoint lacks {len(missing)} weights, which would be random: {missing[0]}, …")
        self.model = model.to(self.device, torch.float32).eval()

    def tokens(self, strings: Sequence[str]) -> list[Tokens]:
        """Return the package's own ids, with [CLS] before and [SEP] behind."""
        known, unknown = self.tokenizer.token_to_id, self.tokenizer.unk_token_id
        ends = (self.tokenizer.cls_token_id, self.tokenizer.sep_token_id)
        every = [[known.get(letter, unknown) for letter in string] for string in strings]
        return [Tokens([ends[0], *ids, ends[1]], list(range(1, len(ids) + 1)), list(range(len(ids)))) for ids in every]

    @property
    def blind(self) -> frozenset[int]:
        """Unknown, and padding."""
        return frozenset({self.tokenizer.unk_token_id, self.tokenizer.pad_token_id})

    def refuse(self, batch: TextBatch) -> dict[int, str]:
        """Refuse a sequence with a residue beyond the twenty, or longer than there are positions."""
        found = {}
        for row, tokens in enumerate(self.tokens(batch.strings)):
            foreign = next((place for place in tokens.nodes if tokens.ids[place] in self.blind), None)
            if foreign is not None:
                found[row] = f"the tokenizer does not know what stands at character {foreign}"
            elif len(tokens.ids) > self.tokenizer.max_len:
                found[row] = f"{len(tokens.nodes)} residues, and this model takes {self.tokenizer.max_len - 2}"
        return found

    @torch.inference_mode()
    def embed(self, batch: TextBatch) -> Embedding:
        """Return the last layer's states [Σ nᵢ, d]."""
        told = self.tokenizer(batch.strings)
        ids, mask = told["input_ids"].to(self.device), told["attention_mask"].to(self.device)
        states = self.model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states[-1]
        lengths = list(map(len, batch.strings))
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        return Embedding(
            {"last": torch.cat([states[row, 1 : length + 1] for row, length in enumerate(lengths)])}, offsets=offsets
        )
