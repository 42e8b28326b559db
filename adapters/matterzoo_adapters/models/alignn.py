"""ALIGNN without DGL (alignn): the atom features that are averaged into the readout."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import PurePosixPath
from typing import Any

import ase
import numpy as np
import torch
from alignn.ff.calculators import ase_to_atoms
from alignn.models.alignn_atomwise_pure import ALIGNNAtomWisePure, ALIGNNAtomWisePureConfig, zbl_edge_energy
from alignn.torch_graph_builder import TorchGraph, batch_torch_graph_pairs, build_pure_torch_graph

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding
from matterzoo_adapters.hooks import leaving

RANDOM: dict[str, Any] = {
    "cutoff": 5.0, "three_body_cutoff": 3.5, "max_neighbors": 52, "atom_features": "cgcnn",
    "model": {
        "name": "alignn_atomwise_pure", "alignn_layers": 2, "gcn_layers": 2, "atom_input_features": 92,
        "hidden_features": 128, "use_cutoff_function": True, "multiply_cutoff": True, "inner_cutoff": 4.0,
    },
}  # fmt: skip
"""Sizes of the package's default force field, as its registry describes it."""


class ALIGNNAdapter(AtomsAdapter):
    """Force fields, and networks of one property, which are run without an energy."""

    def load(self) -> None:
        """Load the archive as it is published, or build a force field as its constructor draws it."""
        settings, weights = (self._untrained(), None) if self.setup.random_weights else self._archive()
        model: Any = ALIGNNAtomWisePure(ALIGNNAtomWisePureConfig(**settings["model"]))
        if weights is not None:
            model.load_state_dict(weights)
        self.has_energy = bool(model.config.calculate_gradient)
        model.config.calculate_gradient = False  # no forces, hence no gradients
        self.model = model.to(self.device).eval().requires_grad_(False)
        # The package's calculator of a force field takes its triplets from the settings, that of a property does not.
        self.graph = {
            "two_body_cutoff": float(settings["cutoff"]),
            "three_body_cutoff": settings.get("three_body_cutoff") if self.has_energy else None,
            "max_neighbors": int(settings["max_neighbors"]),
            "atom_features": settings["atom_features"],
        }

    def refuse(self, batch: AtomsBatch) -> dict[int, str]:
        """Refuse slabs and wires: the package repeats every cell in three directions."""
        flat = np.flatnonzero(~batch.pbc.all(axis=1))
        return {int(row): "ALIGNN takes every cell as periodic in three directions" for row in flat}

    @torch.no_grad()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the last convolution's atom features [Σ nᵢ, d], and a force field's total energy in eV."""
        pairs = [self._graphs(atoms) for atoms in batch.ase_atoms]
        graph, angles = batch_torch_graph_pairs(pairs)
        cells = torch.as_tensor(batch.cell, dtype=torch.float32, device=self.device)
        with leaving(self.model.gcn_layers[-1], lambda output: output[0]) as features:
            answer = self.model((graph.to(self.device), angles.to(self.device), cells))["out"]
        if not self.has_energy:
            return Embedding({"final": features.value})
        sizes = torch.as_tensor(batch.sizes, device=self.device)
        repulsion = torch.tensor([self._repulsion(one) for one, _ in pairs], device=self.device, dtype=torch.float64)
        return Embedding({"final": features.value}, answer.double() * sizes + repulsion)

    def _graphs(self, atoms: ase.Atoms) -> tuple[TorchGraph, TorchGraph]:
        """Return graph and line graph; the package looks for images of atoms within the cell only."""
        atoms.wrap()
        graph: tuple[TorchGraph, TorchGraph] = build_pure_torch_graph(ase_to_atoms(atoms), **self.graph)
        return graph

    def _repulsion(self, graph: TorchGraph) -> float:
        """Return the short-range term in eV, which the package adds in force fields and sums over a whole batch."""
        if not self.model.use_zbl:
            return 0.0
        numbers, lengths = graph.ndata["Z"].to(graph.edata["r"].dtype), torch.norm(graph.edata["r"], dim=1)
        return float(zbl_edge_energy(numbers[graph.src], numbers[graph.dst], lengths, self.model.zbl_cutoff))

    def _untrained(self) -> dict[str, Any]:
        has_energy = bool(self.setup.card["energy"]["available"])
        return {**RANDOM, "model": {**RANDOM["model"], "calculate_gradient": has_energy}}

    def _archive(self) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
        with zipfile.ZipFile(self.setup.checkpoint) as archive:
            members = {PurePosixPath(name).name: name for name in archive.namelist()}
            if missing := {"config.json", "best_model.pt"} - set(members):
                raise ValueError(f"this is no archive of ALIGNN 2: it lacks {', '.join(sorted(missing))}")
            settings = json.loads(archive.read(members["config.json"]))
            weights = io.BytesIO(archive.read(members["best_model.pt"]))
        if settings["model"]["name"] != "alignn_atomwise_pure":
            raise ValueError(f"the archive holds an {settings['model']['name']}, which is not of ALIGNN 2")
        return settings, torch.load(weights, map_location="cpu", weights_only=True)
