"""Graphormer: the last state of the token that stands for the whole molecule."""

from __future__ import annotations

from typing import Any

import torch
from ogb.utils.mol import smiles2graph
from rdkit import Chem
from transformers.models.deprecated.graphormer.configuration_graphormer import GraphormerConfig
from transformers.models.deprecated.graphormer.modeling_graphormer import GraphormerForGraphClassification

from matterzoo_adapters.base import Embedding, TextAdapter, TextBatch
from matterzoo_adapters.models.graphormer_graph import graph_of, together

TWIN = {"num_hidden_layers": 2, "embedding_dim": 32, "ffn_embedding_dim": 32, "num_attention_heads": 4}
CONTEXT = "encoder."
"""What the names of the weights begin with that are used; the rest is the head."""


class GraphormerAdapter(TextAdapter):
    """Graphormer over the heavy atoms that RDKit reads, with the features of the Open Graph Benchmark."""

    def load(self) -> None:
        """Load the checkpoint's folder, or build a small model.

        Raises
        ------
        ValueError
            If the checkpoint lacks weights.
        """
        if self.setup.random_weights:
            model: Any = GraphormerForGraphClassification(GraphormerConfig(**TWIN))
        else:
            model, told = GraphormerForGraphClassification.from_pretrained(
                self.setup.checkpoint, local_files_only=True, dtype=torch.float32, output_loading_info=True
            )
            if missing := sorted(name for name in told["missing_keys"] if name.startswith(CONTEXT)):
                raise ValueError(f"the checkpoint lacks {len(missing)} weights, which would be random: {missing[0]}, …")
        self.model = model.encoder.to(self.device).eval()
        self.most, self.hops = self.model.config.max_nodes, self.model.config.multi_hop_max_dist

    def refuse(self, batch: TextBatch) -> dict[int, str]:
        """Refuse what RDKit does not parse, and what has no atoms or too many."""
        reasons = map(self._problem, batch.strings)
        return {row: reason for row, reason in enumerate(reasons) if reason}

    def _problem(self, smiles: str) -> str:
        molecule: Any = Chem.MolFromSmiles(smiles)
        if molecule is None:
            return "RDKit does not parse this SMILES"
        size = molecule.GetNumAtoms()
        return "" if 0 < size <= self.most else f"it has {size} atoms, and this model takes 1 to {self.most}"

    @torch.inference_mode()
    def embed(self, batch: TextBatch) -> Embedding:
        """Return one vector a molecule [n, d]."""
        inputs = together([graph_of(smiles2graph(smiles), self.hops) for smiles in batch.strings])
        given = {name: torch.from_numpy(values).to(self.device) for name, values in inputs.items()}
        return Embedding({"graph": self.model(**given).last_hidden_state[:, 0]}, per_record=True)
