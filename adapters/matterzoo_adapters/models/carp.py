"""CARP: the states of its last convolution, a vector a residue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from sequence_models.collaters import SimpleCollater
from sequence_models.constants import ALL_AAS, MASK, PROTEIN_ALPHABET, STOP
from sequence_models.pretrained import load_carp

from matterzoo_adapters.base import Embedding, TextAdapter, TextBatch, Tokens

LETTERS = ALL_AAS + STOP
"""Residues and a stop; the alphabet's other signs are padding, which is also a gap, mask and start."""
SMALL: dict[str, Any] = {
    "model": "carp_random", "d_embed": 8, "d_model": 32, "n_layers": 4, "kernel_size": 5, "r": 8, "slim": True,
    "activation": "gelu",
}  # fmt: skip
"""Of the untrained twin, by the names that a checkpoint has for it."""


class CARPAdapter(TextAdapter):
    """CARP: masked convolutions, so that a sequence may be of any length."""

    def load(self) -> None:
        """Load the checkpoint, or build a small model with random weights."""
        if self.setup.random_weights:
            told = {**SMALL, "model_state_dict": _untrained().state_dict()}
        else:
            told = torch.load(self.setup.checkpoint, map_location="cpu", weights_only=True)
        self.model = load_carp(told).to(self.device).eval()
        self.collate = SimpleCollater(PROTEIN_ALPHABET, pad=True)

    def tokens(self, strings: Sequence[str]) -> list[Tokens]:
        """Return each character's place in the alphabet; that of the mask for what it lacks."""
        known = {letter: row for row, letter in enumerate(PROTEIN_ALPHABET) if letter in LETTERS}
        mask = PROTEIN_ALPHABET.index(MASK)
        every = [range(len(string)) for string in strings]
        read = [[known.get(letter, mask) for letter in string] for string in strings]
        return [Tokens(ids, list(places), list(places)) for ids, places in zip(read, every, strict=True)]

    @property
    def blind(self) -> frozenset[int]:
        """The mask, which stands for what the alphabet lacks."""
        return frozenset({PROTEIN_ALPHABET.index(MASK)})

    def refuse(self, batch: TextBatch) -> dict[int, str]:
        """Refuse a sequence with a character that stands for no residue."""
        foreign = {}
        for row, string in enumerate(batch.strings):
            place = next((place for place, letter in enumerate(string) if letter not in LETTERS), None)
            if place is not None:
                foreign[row] = f"character {place + 1} is not in the model's alphabet"
        return foreign

    @torch.inference_mode()
    def embed(self, batch: TextBatch) -> Embedding:
        """Return the last layer's states [Σ nᵢ, d], before the norm of its readout."""
        (tokens,) = self.collate([[string] for string in batch.strings])
        (states,) = self.model(tokens.to(self.device))["representations"].values()
        return Embedding({"last": torch.cat([states[row, : len(s)] for row, s in enumerate(batch.strings)])})


def _untrained() -> Any:
    from sequence_models.convolutional import ByteNetLM

    return ByteNetLM(
        len(PROTEIN_ALPHABET), SMALL["d_embed"], SMALL["d_model"], SMALL["n_layers"], SMALL["kernel_size"], SMALL["r"],
        padding_idx=PROTEIN_ALPHABET.index(MASK), final_ln=True, slim=SMALL["slim"], activation=SMALL["activation"],
    )  # fmt: skip
