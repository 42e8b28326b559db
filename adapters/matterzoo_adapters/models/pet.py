"""Point Edge Transformers (UPET, by metatrain): the features that enter the energy's heads, and those that leave."""

from __future__ import annotations

import torch
from metatomic.torch import ModelOutput
from metatomic_ase import MetatomicCalculator
from metatrain.pet import PET
from metatrain.utils.architectures import get_default_hypers
from metatrain.utils.data import DatasetInfo
from metatrain.utils.data.target_info import get_energy_target_info
from metatrain.utils.io import load_model

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding

ALL = range(1, 103)
"""What an untrained model knows whose card lists no elements."""
ENERGY = "energy"
LAYERS = {"features": "feature", "last": "mtt::aux::energy_last_layer_features"}
"""Our layers, and the outputs of the model that hold them."""
EXTRA_SMALL = {
    "cutoff": 7.5,
    "num_neighbors_adaptive": 8.0,
    "num_gnn_layers": 2,
    "num_attention_layers": 1,
    "d_pet": 128,
}
"""The published sizes of the XS models (UPET's documentation, table of model sizes); the others are metatrain's own."""


class PETAdapter(AtomsAdapter):
    """All PET checkpoints of metatrain; charge and spin are passed to those that ask for them."""

    def load(self) -> None:
        """Load the checkpoint, or build a small PET for the card's elements; no forces, hence no gradients."""
        if self.setup.random_weights:
            network = random_model(list(self.setup.card["domain"]["elements"] or ALL))
        else:
            network = load_model(self.setup.checkpoint)
        self.model = network.export().to(self.device).requires_grad_(False)
        capabilities = self.model.capabilities()
        if missing := {ENERGY, *LAYERS.values()} - set(capabilities.outputs):
            raise ValueError(f"the checkpoint does not offer {', '.join(sorted(missing))}")
        self.elements = set(capabilities.atomic_types)
        if unknown := set(self.setup.card["domain"]["elements"] or ()) - self.elements:
            raise ValueError(f"the card names elements that the checkpoint does not know: {sorted(unknown)}")
        # A skin would carry neighbour lists over from one batch to the next.
        self.calculator = MetatomicCalculator(self.model, device=str(self.device), neighbor_skin=0.0)

    def refuse(self, batch: AtomsBatch) -> dict[int, str]:
        """Refuse elements that the checkpoint was not trained on."""
        strange = [set(atoms.numbers.tolist()) - self.elements for atoms in batch.structures]
        return {
            row: f"the checkpoint does not know the elements {sorted(unknown)}"
            for row, unknown in enumerate(strange)
            if unknown
        }

    @torch.no_grad()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return node and summed edge features (`features`), those after the heads (`last`), and the energy in eV."""
        wanted = {name: ModelOutput(sample_kind="atom") for name in LAYERS.values()}
        wanted[ENERGY] = ModelOutput(sample_kind="system", unit="eV")
        answer = self.calculator.run_model(batch.ase_atoms, wanted)
        layers = {layer: answer[name].block().values for layer, name in LAYERS.items()}
        return Embedding(layers, answer[ENERGY].block().values[:, 0].double())


def random_model(elements: list[int]) -> PET:
    """Build a PET of the XS models' published sizes with random weights."""
    target = get_energy_target_info(ENERGY, {"quantity": "energy", "unit": "eV"})
    information = DatasetInfo(length_unit="angstrom", atomic_types=elements, targets={ENERGY: target})
    return PET(get_default_hypers("pet")["model"] | EXTRA_SMALL, information).eval()
