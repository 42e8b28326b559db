"""ESM-2, and SaProt, which is one."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import transformers as hf

from matterzoo_adapters.models.tokens import Written
from matterzoo_adapters.models.transformer import SMALL, TransformerAdapter

AMINO_ACIDS = "LAGVSERTIDPKQNFYWMHCXBUZO.-"
"""In the order of ESM-2's vocabulary."""


class EsmAdapter(TransformerAdapter):
    """ESM-2: rotary positions, a token a residue."""

    model_class = hf.EsmModel
    twin = hf.EsmConfig(**SMALL, position_embedding_type="rotary", token_dropout=True, mask_token_id=32, pad_token_id=1)
    arguments: ClassVar[dict[str, Any]] = {"add_pooling_layer": False}
    residues = True

    def toy_tokenizer(self) -> Any:
        """Return the tokenizer of ESM-2: residues, written as the checkpoints do, between its special tokens."""
        residues = dict.fromkeys(self.written(AMINO_ACIDS).pieces)
        words = ["<cls>", "<pad>", "<eos>", "<unk>", *residues, "<null_1>", "<mask>"]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "vocab.txt"
            file.write_text("\n".join(words))
            return hf.EsmTokenizer(str(file))


class SaProtAdapter(EsmAdapter):
    """SaProt without structures: a token is a residue and the letter of its structure; # stands for what is unknown."""

    def written(self, string: str) -> Written:
        """Put # behind each residue, and in place of those beyond the twenty, which its vocabulary lacks."""
        return Written([f"{letter}#" for letter in re.sub("[UZOBX]", "#", string)], list(range(len(string))))
