"""Orb (orb-models): the node features that the energy and force heads read."""

from __future__ import annotations

from typing import Any

import ase
import torch
from orb_models.forcefield import pretrained
from orb_models.forcefield.atomic_system import SystemConfig, ase_atoms_to_atom_graphs
from orb_models.forcefield.base import AtomGraphs, batch_graphs

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding

ARCHITECTURES = {
    "orb-v2": pretrained.orb_v2_architecture,
    "orb-v3-direct": pretrained.orb_v3_direct_architecture,
    "orb-v3-conservative": pretrained.orb_v3_conservative_architecture,
}
"""The package's constructors: a checkpoint is a bare state dict and does not say which one it fits."""


class OrbAdapter(AtomsAdapter):
    """Orb v2 and v3 for materials; the card's options say which constructor, and how many neighbours an atom hears."""

    def load(self) -> None:
        """Build the architecture and load its state dict, never compiled; or leave it as its constructor drew it."""
        options = self.setup.options
        neighbours = SystemConfig(radius=6.0, max_num_neighbors=int(options["max_num_neighbors"]))
        model: Any = ARCHITECTURES[options["architecture"]](device="cpu", system_config=neighbours)
        if not self.setup.random_weights:
            path = str(self.setup.checkpoint)
            model = pretrained.load_model(model, path, "cpu", precision="float32-highest", compile=False)
        self.model = model.to(self.device).eval().requires_grad_(False)

    def refuse(self, batch: AtomsBatch) -> dict[int, str]:
        """Refuse slabs and chains: the package takes structures that are periodic in all directions or in none."""
        return {
            row: "orb-models takes structures that are periodic in all three directions, or in none"
            for row, pbc in enumerate(batch.pbc)
            if pbc.any() and not pbc.all()
        }

    @torch.no_grad()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the node features of the last message passing step [Σ nᵢ, 256] and the total energy in eV."""
        graphs = batch_graphs([self._graph(atoms) for atoms in batch.ase_atoms])
        features = self.model.model(graphs)["node_features"]
        energy = self.model.heads["energy"].predict(features, graphs)
        if self.model.pair_repulsion:
            energy = energy + self.model.pair_repulsion_fn(graphs)["energy"]
        return Embedding({"final": features}, energy.double())

    def _graph(self, atoms: ase.Atoms) -> AtomGraphs:
        atoms.info.clear()  # charge and spin, which these models do not read, must be stated for all graphs or for none
        return ase_atoms_to_atom_graphs(atoms, self.model.system_config, device=self.device)
