"""MatText: BERT of crystals as text, with the vocabulary of its package, which no repository of its weights holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import transformers as hf
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

from matterzoo_adapters.base import TextBatch
from matterzoo_adapters.models.bert import BertAdapter

ADDED = {
    "unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]",
    "eos_token": "[EOS]", "bos_token": "[BOS]",
}  # fmt: skip
"""What its authors put behind the vocabulary, in this order (mattext, conf/model/pretrain_example.yaml)."""


class MatTextAdapter(BertAdapter):
    """BERT, given one of the representations that xtal2txt writes; the longest word of the vocabulary goes first."""

    def published_tokenizer(self, folder: Path) -> Any:
        """Return the tokenizer of a vocabulary: `vocab.txt`, or `vocab.json`, which numbers the words itself."""
        if (file := folder / "vocab.json").is_file():
            return tokenizer_of(json.loads(file.read_text("utf-8")))
        return tokenizer_of((folder / "vocab.txt").read_text("utf-8").splitlines())

    def refuse(self, batch: TextBatch) -> dict[int, str]:
        """Refuse, besides, a text of which the vocabulary leaves out more than blanks."""
        refused = super().refuse(batch)
        for row, text in enumerate(batch.strings):
            if left := self.words.sub("", text).strip():
                refused.setdefault(row, f"the vocabulary has no word for {left[:20]!r}: is it what xtal2txt writes?")
        return refused

    def load(self) -> None:
        """Load the checkpoint, or build it small; what its words are is kept, to see what it leaves out."""
        super().load()
        self.words = pattern(self.tokenizer.get_vocab())

    def _check_tokenizer(self) -> None:
        """Refuse a vocabulary that goes beyond the model's embeddings.

        Raises
        ------
        ValueError
            With both numbers.
        """
        size = int(self.model.config.vocab_size)
        if len(self.tokenizer) > size:
            raise ValueError(f"the vocabulary has {len(self.tokenizer)} words, and the model {size}: it is another's")


def pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Return what finds the words in a text, the longest first."""
    return re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)))


def tokenizer_of(words: Iterable[str]) -> Any:
    """Return the tokenizer of a vocabulary: what is no word is left out, as its authors' does.

    Parameters
    ----------
    words
        By number, from 0 on.
    """
    numbers = {word: number for number, word in enumerate(dict.fromkeys([*words, *ADDED.values()]))}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token=ADDED["unk_token"]))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern(numbers).pattern), "removed", invert=True)
    special = [(word, numbers[word]) for word in (ADDED["cls_token"], ADDED["sep_token"])]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=special)
    return hf.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **ADDED)
