"""ESM-IF1: the encoder's states of the residues, which its decoder would read to write a sequence."""

from __future__ import annotations

import sys
from argparse import Namespace
from types import ModuleType
from typing import Any

import torch

from matterzoo_adapters.base import BackboneAdapter, BackboneBatch, Embedding


def _no_torch_scatter() -> None:
    """Let fair-esm 2.0.0 import torch_scatter, of which its encoder calls nothing."""
    absent: Any = ModuleType("torch_scatter")
    absent.scatter = absent.scatter_add = None
    sys.modules.setdefault("torch_scatter", absent)


_no_torch_scatter()

import esm.inverse_folding  # noqa: E402 (torch_scatter first)
from esm.inverse_folding.gvp_transformer import GVPTransformerModel  # noqa: E402
from esm.inverse_folding.util import CoordBatchConverter  # noqa: E402
from esm.pretrained import load_model_and_alphabet_core  # noqa: E402

ARCHITECTURE = "vt_medium_with_invariant_gvp"
SMALL = Namespace(
    arch=ARCHITECTURE, dropout=0.1, attention_dropout=0.1,
    encoder_embed_dim=32, encoder_ffn_embed_dim=64, encoder_attention_heads=4, encoder_layers=2,
    decoder_embed_dim=32, decoder_ffn_embed_dim=64, decoder_attention_heads=4, decoder_layers=1,
    gvp_dropout=0.1, gvp_num_encoder_layers=2, gvp_top_k_neighbors=30,
    gvp_node_hidden_dim_scalar=32, gvp_node_hidden_dim_vector=16,
    gvp_edge_hidden_dim_scalar=16, gvp_edge_hidden_dim_vector=1,
)  # fmt: skip
"""Of the untrained twin: the published model's parts, small. A checkpoint brings its own."""


class ESMIF1Adapter(BackboneAdapter):
    """The GVP-Transformer's encoder, with what its authors' `get_encoder_output` returns."""

    padded = True

    def load(self) -> None:
        """Load the checkpoint, or build a small model with random weights."""
        if self.setup.random_weights:
            self.alphabet = esm.Alphabet.from_architecture(ARCHITECTURE)
            model = GVPTransformerModel(SMALL, self.alphabet)
        else:
            with torch.serialization.safe_globals([Namespace]):
                told = torch.load(self.setup.checkpoint, map_location="cpu", weights_only=True)
            model, self.alphabet = load_model_and_alphabet_core("esm_if1", told)
        self.model = model.to(self.device).eval()
        self.convert = CoordBatchConverter(self.alphabet)

    @torch.inference_mode()
    def embed(self, batch: BackboneBatch) -> Embedding:
        """Return the encoder's last states [Σ nᵢ, d], without those that frame each chain.

        A residue that lacks N, CA or C keeps its place, marked as one without coordinates.
        """
        chains = [torch.as_tensor(backbone[:, :3], dtype=torch.float32).numpy() for backbone in batch.backbones]
        told = self.convert([(chain, None, None) for chain in chains], device=self.device)
        coordinates, confidence, _, _, padding = told
        states = self.model.encoder(coordinates, padding, confidence)["encoder_out"][0]
        return Embedding({"last": torch.cat([states[1 : len(c) + 1, row] for row, c in enumerate(chains)])})
