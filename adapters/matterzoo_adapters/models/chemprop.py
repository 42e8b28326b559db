"""Directed message passing (chemprop) and its foundation model CheMeleon: the atoms whose mean is the fingerprint."""

from __future__ import annotations

import torch
from chemprop.data import BatchMolGraph
from chemprop.featurizers import SimpleMoleculeMolGraphFeaturizer
from chemprop.nn import BondMessagePassing

from matterzoo_adapters.base import Embedding, TextBatch
from matterzoo_adapters.models.molecules import MoleculeAdapter, parsed


class ChempropAdapter(MoleculeAdapter):
    """Message passing along bonds, with the package's default features of atoms and bonds."""

    def load(self) -> None:
        """Load the file that the package takes as a foundation model, or build the default network."""
        if self.setup.random_weights:
            model = BondMessagePassing()
        else:
            content = torch.load(self.setup.checkpoint, map_location="cpu", weights_only=True)
            model = BondMessagePassing(**content["hyper_parameters"])
            model.load_state_dict(content["state_dict"])
        self.model = model.to(self.device).eval()
        self.featurizer = SimpleMoleculeMolGraphFeaturizer()

    @torch.inference_mode()
    def embed(self, batch: TextBatch) -> Embedding:
        """Return the atoms' hidden states after the last step [Σ nᵢ, d]."""
        molecules = [parsed(smiles) for smiles in batch.strings]
        graph = BatchMolGraph([self.featurizer(molecule) for molecule in molecules])
        graph.to(self.device)
        return self.embedding(batch, molecules, final=self.model(graph))
