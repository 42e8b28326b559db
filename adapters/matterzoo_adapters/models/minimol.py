"""MiniMol: the node states of its last message passing, whose maximum is its fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import redirect_stdout
from io import StringIO
from types import SimpleNamespace
from typing import Any

import torch
from hydra.core.global_hydra import GlobalHydra
from torch_geometric.data import Batch

from matterzoo_adapters.base import Embedding, TextBatch
from matterzoo_adapters.models.authors_code import lent, scatters
from matterzoo_adapters.models.molecules import MoleculeAdapter, parsed
from matterzoo_schemas.columns import Array

with lent(scatters()):
    import minimol.model as authors

HEADS = "task_heads."


class MiniMolAdapter(MoleculeAdapter):
    """The one checkpoint, which its package carries."""

    def load(self) -> None:
        """Build the package's own object, which reads its weights; random, it is handed none of them."""
        weights: dict[str, Any] = {}

        def read(path: str) -> dict[str, Any]:
            if not self.setup.random_weights:
                weights.update(torch.load(path, map_location="cpu", weights_only=True))
            return dict(weights)

        class Seeded(authors.Minimol):  # type: ignore[misc]
            """The package's object, which draws weights by a seed of its settings."""

            def load_config(self, config_name: str) -> Any:
                settings = super().load_config(config_name)
                settings.predictor.random_seed = seed
                return settings

        seed = self.setup.seed
        usable = SimpleNamespace(is_available=lambda: self.device.type == "cuda")
        authors.torch = SimpleNamespace(**{**vars(torch), "load": read, "cuda": usable})
        GlobalHydra.instance().clear()  # the package reads its settings once a process
        with redirect_stdout(StringIO()):
            self.minimol = Seeded()
        self.model = self.minimol.predictor.network.to(self.device).eval()
        lost = set(self.weights()) - {name.partition("model.")[2] for name in weights}
        if weights and lost:
            raise ValueError(f"the package's checkpoint lacks {len(lost)} of the network's arrays, such as {min(lost)}")
        self.minimol.datamodule.featurization_n_jobs = 0  # in this process

    def weights(self) -> Mapping[str, Array]:
        """Return every array but those of the layers that predict properties, some of which are not published."""
        return {name: values for name, values in super().weights().items() if not name.startswith(HEADS)}

    @torch.inference_mode()
    def embed(self, batch: TextBatch) -> Embedding:
        """Return the heavy atoms' states after the last layer [Σ nᵢ, 512]."""
        molecules = [parsed(smiles) for smiles in batch.strings]
        graphs, _ = self.minimol.datamodule._featurize_molecules(batch.strings)
        graph = Batch.from_data_list(self.minimol.to_fp32(graphs)).to(self.device)
        states = self.minimol.predictor.get_fingerprints_for_batch({"features": graph, "batch_indices": graph.batch})
        return self.embedding(batch, molecules, final=states)
