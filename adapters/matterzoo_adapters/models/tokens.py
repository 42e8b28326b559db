"""Strings as a tokenizer of Hugging Face's reads them: which token stands for which character."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import transformers as hf
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

from matterzoo_adapters.base import Tokens

SPECIAL = {"pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "mask_token": "<mask>"}


@dataclass(frozen=True)
class Written:
    """A string as its model's authors write it.

    Parameters
    ----------
    pieces
        What is joined by `glue`, or given to the tokenizer piece by piece.
    begins
        The character of the record where each piece begins; −1 of one that was added.
    glue
        What stands between two pieces.
    """

    pieces: list[str]
    begins: list[int]
    glue: str = " "

    @property
    def text(self) -> str:
        """The pieces as one string."""
        return self.glue.join(self.pieces)

    def characters(self) -> list[int]:
        """Return which character of the record each character of the text is; −1 of those that were added."""
        found: list[int] = []
        for number, (piece, begin) in enumerate(zip(self.pieces, self.begins, strict=True)):
            found += [-1] * (len(self.glue) * bool(number))
            found += [begin + place if begin >= 0 else -1 for place in range(len(piece))]
        return found


def tokenise(
    tokenizer: Any, strings: Sequence[Written], *, parted: bool, most: int | None, special: bool, framed: bool
) -> list[Tokens]:
    """Read strings; a node is a token that stands for characters of the record.

    Parameters
    ----------
    tokenizer
        Of Hugging Face's, fast, or of one token a piece.
    strings
        As the authors write them.
    parted
        Whether the tokenizer is given the pieces one by one.
    most
        After how many tokens a string is cut; None to cut none.
    special
        Whether the tokens that were added are nodes too, each at the character of a neighbour.
    framed
        Whether the tokenizer adds its special tokens.

    Raises
    ------
    ValueError
        If the tokenizer does not say which characters a token stands for.
    """
    fast = tokenizer.is_fast
    if not (parted or fast):
        raise ValueError(f"{type(tokenizer).__name__} does not say which characters a token stands for")
    cut = {} if most is None else {"truncation": True, "max_length": most}
    told = tokenizer(
        [written.pieces if parted else written.text for written in strings], is_split_into_words=parted,
        add_special_tokens=framed, return_special_tokens_mask=True, return_offsets_mapping=fast and not parted,
        verbose=False, **cut,
    )  # fmt: skip
    found = []
    for row, written in enumerate(strings):
        ids, added = told["input_ids"][row], told["special_tokens_mask"][row]
        content = [place for place, is_added in enumerate(added) if not is_added]
        if not parted:
            where, spans = written.characters(), told["offset_mapping"][row]
            starts = [next((c for c in where[slice(*spans[place])] if c >= 0), -1) for place in content]
        elif fast:
            words = told.word_ids(row)
            starts = [written.begins[words[place]] for place in content]
        else:
            # Pieces of one token each, as is checked when the model is loaded, and blanks of none.
            starts = [b for piece, b in zip(written.pieces, written.begins, strict=True) if piece.strip()]
            starts = starts[: len(content)]
        kept = [(place, start) for place, start in zip(content, starts, strict=True) if start >= 0]
        if kept and special:
            known = dict(kept)
            kept = [(place, known.get(place, kept[-1][1] if place else kept[0][1])) for place in range(len(ids))]
        found.append(Tokens(ids, [place for place, _ in kept], [start for _, start in kept]))
    return found


def character_tokenizer(frame: str) -> Any:
    """Return a tokenizer of single characters (ASCII), for random weights.

    Parameters
    ----------
    frame
        Where its special tokens stand, `<s> $A </s>`.
    """
    words = [*SPECIAL.values(), *map(chr, range(32, 127))]
    vocabulary = {word: row for row, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=SPECIAL["unk_token"]))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    special = [(word, row) for row, word in enumerate(SPECIAL.values())]
    tokenizer.post_processor = processors.TemplateProcessing(single=frame, special_tokens=special)
    return hf.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIAL)
