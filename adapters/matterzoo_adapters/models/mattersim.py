"""MatterSim (mattersim): the atom features of its M3GNet that enter the readout."""

from __future__ import annotations

import torch
from mattersim.datasets.utils.build import build_dataloader
from mattersim.forcefield.m3gnet.m3gnet import M3Gnet
from mattersim.forcefield.potential import Potential, batch_to_dict

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding
from matterzoo_adapters.hooks import entering


class MatterSimAdapter(AtomsAdapter):
    """MatterSim v1, both sizes: a checkpoint names its own."""

    def load(self) -> None:
        """Load the checkpoint without its optimizer, or build the smaller size as its constructor draws it."""
        if self.setup.random_weights:
            model = M3Gnet(num_blocks=3, units=128, device=self.device)
            self.potential = Potential(model, device=self.device)
        else:
            path = str(self.setup.checkpoint)
            self.potential = Potential.from_checkpoint(path, device=self.device, load_training_state=False)
        self.model = self.potential.model.eval().requires_grad_(False)

    @torch.no_grad()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the atom features of the last block [Σ nᵢ, units] and the total energy in eV."""
        cutoffs = {name: self.model.model_args[name] for name in ("cutoff", "threebody_cutoff")}
        loader = build_dataloader(batch.ase_atoms, batch_size=len(batch), only_inference=True, **cutoffs)
        graphs = batch_to_dict(next(iter(loader)), device=self.device)
        with entering(self.model.final, lambda arguments: arguments[0]) as features:
            answer = self.potential(graphs, include_forces=False, include_stresses=False)
        return Embedding({"final": features.value}, answer["total_energy"].double())
