"""ProstT5, told a structure: its letters of the 3Di alphabet, which foldseek's network reads off the backbone."""

from __future__ import annotations

from dataclasses import replace

import mini3di
import numpy as np
import numpy.typing as npt

from matterzoo_adapters.base import BackboneAdapter, BackboneBatch, Embedding, TextBatch
from matterzoo_adapters.models.t5 import ProstT5Adapter
from matterzoo_adapters.models.tokens import Written
from matterzoo_schemas.records import Records, Sample

ALPHABET = "ACDEFGHIKLMNPQRSTVWY"
FEWEST = 3
"""Residues of a chain that has a letter which is not a guess: one with a neighbour on each side."""


class FoldAdapter(ProstT5Adapter):
    """ProstT5's encoder of structures: small letters, told that they are to be translated to amino acids."""

    prefix = ("<fold2AA>",)

    def written(self, string: str) -> Written:
        """Write small letters, as the authors do."""
        return Written([*self.prefix, *string.lower()], [*(-1 for _ in self.prefix), *range(len(string))])

    def _check_tokenizer(self) -> None:
        """Refuse a tokenizer that does not know a letter of the alphabet, or takes two for one.

        Raises
        ------
        ValueError
            If it is not this model's.
        """
        (tokens,) = self.tokens([ALPHABET])
        seen = {tokens.ids[place] for place in tokens.nodes} - {self.tokenizer.unk_token_id}
        if len(seen) != len(ALPHABET):
            raise ValueError(f"the tokenizer tells {len(seen)} of the {len(ALPHABET)} letters of 3Di apart")
        self._seen.clear()

    def embed(self, batch: TextBatch) -> Embedding:
        """Return the states of the letters, and keep none of the strings."""
        answer = super().embed(batch)
        self._seen.clear()
        return answer


class ProstT5StructureAdapter(BackboneAdapter):
    """The letters of the structure, then the encoder; a node is a residue."""

    padded = True

    def load(self) -> None:
        """Load foldseek's network, and the checkpoint's folder or a small model with random weights."""
        self.letters = mini3di.Encoder()
        self.encoder = FoldAdapter(replace(self.setup, card={**self.setup.card, "view": "sequence"}), self.device)
        self.encoder.load()
        self.model = self.encoder.model

    def refuse(self, batch: BackboneBatch) -> dict[int, str]:
        """Refuse chains too short for a letter."""
        short = [row for row, size in enumerate(batch.sizes.tolist()) if size < FEWEST]
        return dict.fromkeys(short, f"fewer than {FEWEST} residues have no letter of 3Di")

    def embed(self, batch: BackboneBatch) -> Embedding:
        """Return the encoder's last states [Σ nᵢ, d], without those of the prefix and </s>."""
        strings = [self.three_di(backbone) for backbone in batch.backbones]
        samples = (Sample(name, {"sequence": string}) for name, string in zip(batch.ids, strings, strict=True))
        return self.encoder.embed(TextBatch(Records.of(samples), "sequence"))

    def three_di(self, backbone: npt.NDArray[np.float64]) -> str:
        """Return a letter a residue; CB, which the record lacks, is placed by N, CA and C, and a chain's ends are D."""
        n, ca, c, _ = np.moveaxis(backbone, 1, 0)
        return str(self.letters.build_sequence(self.letters.encode_atoms(ca, np.full_like(ca, np.nan), n, c)))
