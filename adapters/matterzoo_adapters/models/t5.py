"""Encoders of T5: MolT5, Ankh, ProtT5, ProstT5."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import transformers as hf

from matterzoo_adapters.models.tokens import Written
from matterzoo_adapters.models.transformer import TransformerAdapter


class T5EncoderAdapter(TransformerAdapter):
    """The encoder of T5: the states that its decoder would attend to."""

    model_class = hf.T5EncoderModel
    twin = hf.T5Config(d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, pad_token_id=0, eos_token_id=3)
    frame = "$A </s>"


class AnkhAdapter(T5EncoderAdapter):
    """Ankh's encoder: a token a residue."""

    residues = True


class ProtT5Adapter(T5EncoderAdapter):
    """ProtT5's encoder: residues in capitals, the rare ones as X."""

    residues = True
    prefix: ClassVar[tuple[str, ...]] = ()

    def written(self, string: str) -> Written:
        """Write U, Z, O and B as X."""
        letters = re.sub("[UZOB]", "X", string.upper())
        return Written([*self.prefix, *letters], [*(-1 for _ in self.prefix), *range(len(string))])


class ProstT5Adapter(ProtT5Adapter):
    """ProstT5's encoder of sequences: told that they are to be translated to structures."""

    prefix = ("<AA2fold>",)

    def toy_tokenizer(self) -> Any:
        """Return a tokenizer that knows the prefix as one token."""
        tokenizer = super().toy_tokenizer()
        tokenizer.add_tokens(list(self.prefix))
        return tokenizer
