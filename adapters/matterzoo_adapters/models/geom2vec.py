"""Geom2Vec: invariant atom features of networks pretrained to remove noise from conformations."""

from __future__ import annotations

from pathlib import Path

import torch
from geom2vec.models.factory import create_model, infer_checkpoint_config

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding

RANDOM = "visnet_l6_h64_rbf64_r75"
"""Whose architecture an untrained twin takes: the package reads it out of a checkpoint's name."""


class Geom2VecAdapter(AtomsAdapter):
    """Its ViSNet, TorchMD-ET and TensorNet."""

    def load(self) -> None:
        """Build what the checkpoint's name says, and load every weight of it: the package's loader skips what fails."""
        name = RANDOM if self.setup.random_weights else Path(self.setup.card["checkpoint"]["url"]).name
        model = create_model(**infer_checkpoint_config(name), device="cpu")
        if not self.setup.random_weights:
            model.load_state_dict(torch.load(self.setup.checkpoint, map_location="cpu", weights_only=True))
        self.model = model.to(self.device).eval()

    @torch.no_grad()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the scalars [Σ nᵢ, width] that enter the prediction of the noise."""
        numbers = torch.as_tensor(batch.numbers.astype("int64"), device=self.device)
        positions = torch.as_tensor(batch.positions, dtype=torch.float32, device=self.device)
        owners = torch.arange(len(batch)).repeat_interleave(torch.as_tensor(batch.sizes))
        scalars, _vectors, _noise = self.model(numbers, positions, owners.to(self.device))
        return Embedding({"last": scalars})
