"""Sequences by counting: which residues there are, and which stand beside one another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from matterzoo_adapters.base import Embedding, TextAdapter, TextBatch, Tokens
from matterzoo_schemas.columns import offsets_of

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""IUPAC's one-letter symbols: the twenty; U, O; B, J, Z for either of two; X for any."""
TWENTY = "ACDEFGHIKLMNPQRSTVWY"
LENGTH = 3


class CountingAdapter(TextAdapter):
    """What both share: nothing is loaded, and only IUPAC's letters are read."""

    backend = "none"
    padded = False

    def load(self) -> None:
        """There is nothing to load."""

    def refuse(self, batch: TextBatch) -> dict[int, str]:
        """Refuse a sequence with a character that stands for no residue."""
        reasons = map(self.problem, batch.strings)
        return {row: reason for row, reason in enumerate(reasons) if reason}

    def problem(self, sequence: str) -> str:
        """Say why a sequence is refused; empty if it is taken."""
        foreign = next((place for place, letter in enumerate(sequence) if letter not in LETTERS), None)
        return "" if foreign is None else f"character {foreign + 1} is none of IUPAC's letters for residues"


class ResidueCompositionAdapter(CountingAdapter):
    """Which residue each is; the mean over residues is the composition, in the letters' order."""

    def tokens(self, strings: Sequence[str]) -> list[Tokens]:
        """Return each letter's number, A being 0."""
        return [
            Tokens([ord(letter) - ord("A") for letter in sequence], *[list(range(len(sequence)))] * 2)
            for sequence in strings
        ]

    def embed(self, batch: TextBatch) -> Embedding:
        """Return one-hot vectors [Σ nᵢ, 26]."""
        every = self.tokens(batch.strings)
        letters = np.concatenate([tokens.ids for tokens in every])
        index = np.concatenate([tokens.index for tokens in every])
        vectors = np.eye(len(LETTERS), dtype=np.float32)[letters]
        return Embedding({"residues": vectors}, offsets=offsets_of([len(tokens.ids) for tokens in every]), index=index)


class KMerAdapter(CountingAdapter):
    """How often each three residues of the twenty stand in a row; no hashing, so a column is one 3-mer."""

    def load(self) -> None:
        """Give every 3-mer a column, in alphabetical order."""
        self.columns = {"".join(letters): column for column, letters in enumerate(product(TWENTY, repeat=LENGTH))}

    def problem(self, sequence: str) -> str:
        """Refuse, besides, a sequence with no three of the twenty in a row."""
        counted = any(word in self.columns for word in _words(sequence))
        return super().problem(sequence) or ("" if counted else "it has no three residues of the twenty in a row")

    def embed(self, batch: TextBatch) -> Embedding:
        """Return one vector of counts a sequence [n, 8000]; words with another letter are not counted."""
        counts = np.zeros((len(batch.strings), len(self.columns)), np.float32)
        for row, sequence in enumerate(batch.strings):
            known = [self.columns[word] for word in _words(sequence) if word in self.columns]
            np.add.at(counts[row], known, 1)
        return Embedding({"counts": counts}, per_record=True)


def _words(sequence: str) -> list[str]:
    return [sequence[begin : begin + LENGTH] for begin in range(len(sequence) - LENGTH + 1)]
