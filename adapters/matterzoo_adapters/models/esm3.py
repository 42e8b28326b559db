"""ESM3, told a protein by one track: its sequence, or its structure alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from esm.models.esm3 import ESM3
from esm.models.vqvae import StructureTokenEncoder
from esm.sdk.api import ESMProtein, ESMProteinTensor
from esm.tokenization.sequence_tokenizer import EsmSequenceTokenizer
from esm.tokenization.structure_tokenizer import StructureTokenizer
from esm.utils.constants import esm3 as constants

from matterzoo_adapters.base import BackboneAdapter, BackboneBatch, Embedding, Setup, TextAdapter, TextBatch, Tokens

PUBLISHED = (
    {"d_model": 1536, "n_heads": 24, "v_heads": 256, "n_layers": 48},
    {"d_model": 1024, "v_heads": 128, "d_out": 128},
)
SMALL = {"d_model": 32, "n_heads": 4, "v_heads": 8, "n_layers": 2}, {"d_model": 32, "v_heads": 8, "d_out": 16}
"""Sizes of the model and of its encoder of structures: as `esm.pretrained` has them, and of our untrained twins."""
WEIGHTS, ENCODER = "data/weights/esm3_sm_open_v1.pth", "data/weights/esm3_structure_encoder_v0.pth"
"""Where they lie in the checkpoint's folder."""
ATOM37, PLACES = 37, (0, 1, 2, 4)
"""Atoms of the package's coordinates, and which of them are N, CA, C and O."""


class Both:
    """ESM3 and its encoder of structures, in single precision; what both tracks share."""

    def __init__(self, setup: Setup, device: Any) -> None:
        self.device = device
        sizes, of_encoder = SMALL if setup.random_weights else PUBLISHED
        # Of the package's tokenizers only these two are asked; the others would load tables of functions.
        self.tokenizers = SimpleNamespace(sequence=EsmSequenceTokenizer(), structure=StructureTokenizer())
        encoder = StructureTokenEncoder(n_heads=1, n_layers=2, n_codes=constants.VQVAE_CODEBOOK_SIZE, **of_encoder)
        model = ESM3(
            **sizes,
            structure_encoder_fn=lambda _device: encoder,
            structure_decoder_fn=_none,
            function_decoder_fn=_none,
            tokenizers=self.tokenizers,
        )
        if not setup.random_weights:
            for part, file in ((model, WEIGHTS), (encoder, ENCODER)):
                part.load_state_dict(torch.load(setup.checkpoint / file, map_location="cpu", weights_only=True))
        model.get_structure_encoder()  # from then on it is a part of the model, also of its weights
        self.model = model.to(device, torch.float32).eval()

    def __call__(self, proteins: Sequence[ESMProteinTensor]) -> torch.Tensor:
        """Return the states of the residues [Σ nᵢ, d], without those of the tokens that frame each protein.

        As `ESM3.logits` calls the model, but several proteins at a time, each of which sees itself only.
        """
        lengths = [len(protein) for protein in proteins]
        known = {"average_plddt": torch.tensor(1.0, device=self.device)}
        if proteins[0].sequence is not None:
            known["sequence_tokens"] = _padded([p.sequence for p in proteins], constants.SEQUENCE_PAD_TOKEN)
        if proteins[0].structure is not None:
            known["structure_tokens"] = _padded([p.structure for p in proteins], constants.STRUCTURE_PAD_TOKEN)
            known["structure_coords"] = _padded([p.coordinates for p in proteins], float("nan"))
            known["per_res_plddt"] = known["structure_coords"].isfinite().all(dim=-1).any(dim=-1).float()
        own = _padded([torch.ones(length, dtype=torch.long, device=self.device) for length in lengths], 0)
        states = self.model(**known, sequence_id=own if len(set(lengths)) > 1 else None).embeddings
        return torch.cat([states[row, 1 : length - 1] for row, length in enumerate(lengths)])


class ESM3SequenceAdapter(TextAdapter):
    """ESM3, told the sequence; all else is masked."""

    def load(self) -> None:
        """Load the checkpoint's folder, or build a small model with random weights."""
        self.own = Both(self.setup, self.device)
        self.model = self.own.model

    def tokens(self, strings: Sequence[str]) -> list[Tokens]:
        """Return each letter's id, with <cls> before and <eos> behind; what the tokenizer lacks is unknown."""
        known = {word: number for number, word in enumerate(constants.SEQUENCE_VOCAB) if len(word) == 1}
        blind = self.own.tokenizers.sequence.unk_token_id
        every = [[known.get(letter, blind) for letter in string] for string in strings]
        return [
            Tokens(
                [constants.SEQUENCE_BOS_TOKEN, *ids, constants.SEQUENCE_EOS_TOKEN],
                list(range(1, len(ids) + 1)),
                list(range(len(ids))),
            )
            for ids in every
        ]

    @property
    def blind(self) -> frozenset[int]:
        """Unknown, and padding."""
        return frozenset({self.own.tokenizers.sequence.unk_token_id, constants.SEQUENCE_PAD_TOKEN})

    def refuse(self, batch: TextBatch) -> dict[int, str]:
        """Refuse a sequence with a character that the tokenizer lacks, or of more residues than the card says."""
        found, most = {}, self.setup.card["domain"]["max_nodes"] or math.inf
        for row, tokens in enumerate(self.tokens(batch.strings)):
            foreign = next((place for place in tokens.nodes if tokens.ids[place] in self.blind), None)
            if foreign is not None:
                found[row] = f"the tokenizer does not know what stands at character {foreign}"
            elif len(tokens.nodes) > most:
                found[row] = f"{len(tokens.nodes)} residues, and this model takes {most}"
        return found

    @torch.inference_mode()
    def embed(self, batch: TextBatch) -> Embedding:
        """Return the last states before the norm [Σ nᵢ, d]: what the package calls embeddings."""
        every = [torch.tensor(tokens.ids, device=self.device) for tokens in self.tokens(batch.strings)]
        return Embedding({"last": self.own([ESMProteinTensor(sequence=ids) for ids in every])})


class ESM3StructureAdapter(BackboneAdapter):
    """ESM3, told the structure: its tokens and the coordinates; the sequence is masked."""

    padded = True

    def load(self) -> None:
        """Load the checkpoint's folder, or build a small model with random weights."""
        self.own = Both(self.setup, self.device)
        self.model = self.own.model

    @torch.inference_mode()
    def embed(self, batch: BackboneBatch) -> Embedding:
        """Return the last states before the norm [Σ nᵢ, d]: what the package calls embeddings."""
        return Embedding({"last": self.own([self.model.encode(_protein(chain)) for chain in batch.backbones])})


def _protein(backbone: npt.NDArray[np.float64]) -> ESMProtein:
    coordinates = np.full((len(backbone), ATOM37, 3), np.nan, np.float32)
    coordinates[:, PLACES] = backbone
    return ESMProtein(coordinates=torch.from_numpy(coordinates))


def _padded(pieces: Sequence[Any], padding: float) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(pieces), batch_first=True, padding_value=padding)


def _none(_device: Any) -> Any:
    raise RuntimeError("an embedding asks no decoder")
