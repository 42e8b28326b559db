"""CGCNN, run from its authors' code: the atoms' features that are averaged over the crystal."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from pymatgen.core import Lattice, Structure

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding
from matterzoo_adapters.hooks import leaving
from matterzoo_adapters.models.authors_code import module_of
from matterzoo_schemas import views

NEIGHBOURS, RADIUS, STEP = 12, 8.0, 0.2
"""Neighbours of an atom at most, how far they may be, and the step of the Gaussians, in Å: the authors' defaults."""
SIZES = ("atom_fea_len", "n_conv", "h_fea_len", "n_h")

NUMBERS: list[Any] = [
    (np.float64(0).__reduce__()[0], "numpy.core.multiarray.scalar"), np.dtype, type(np.dtype(np.float64))
]  # fmt: skip
"""What some checkpoints hold beside tensors: an error as a NumPy number, under the name that its type had then."""


class CGCNNAdapter(AtomsAdapter):
    """All checkpoints of the repository: networks of one property each, which are run without an energy."""

    def load(self) -> None:
        """Build the network with the authors' code, at the sizes that the checkpoint states or their defaults."""
        code, data = (module_of(self.setup.checkpoint / f"{name}.py") for name in ("model", "data"))
        table = data.AtomCustomJSONInitializer(str(self.setup.checkpoint / "atom_init.json"))
        self.atoms = {number: np.asarray(table.get_atom_fea(number), np.float32) for number in table.atom_types}
        self.gaussians = data.GaussianDistance(dmin=0, dmax=RADIUS, step=STEP)
        if unknown := set(self.setup.card["domain"]["elements"]) - set(self.atoms):
            raise ValueError(f"the card names elements that the authors' table lacks: {sorted(unknown)}")
        sizes = len(next(iter(self.atoms.values()))), len(self.gaussians.filter)
        if self.setup.random_weights:
            model = code.CrystalGraphConvNet(*sizes)
        else:
            with torch.serialization.safe_globals(NUMBERS):
                saved = torch.load(self.setup.checkpoint / "model.pth.tar", map_location="cpu", weights_only=True)
            chosen = {name: saved["args"][name] for name in SIZES}
            classes = saved["args"]["task"] == "classification"
            model = code.CrystalGraphConvNet(*sizes, **chosen, classification=classes)
            model.load_state_dict(saved["state_dict"])
        self.model = model.to(self.device).eval()

    def refuse(self, batch: AtomsBatch) -> dict[int, str]:
        """Refuse slabs and wires: the authors' data set repeats every cell in three directions."""
        flat = np.flatnonzero(~batch.pbc.all(axis=1))
        return {int(row): "CGCNN takes every cell as periodic in three directions" for row in flat}

    @torch.inference_mode()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the last convolution's atom features [Σ nᵢ, d]."""
        graphs = [self._graph(structure) for structure in batch.structures]
        neighbours = np.concatenate([ends + start for (ends, _), start in zip(graphs, batch.offsets, strict=False)])
        distances = self.gaussians.expand(np.concatenate([lengths for _, lengths in graphs]))
        atoms = np.stack([self.atoms[number] for number in batch.numbers.tolist()])
        owners = torch.split(torch.arange(len(atoms)), batch.sizes.tolist())
        with leaving(self.model.convs[-1], lambda output: output) as features:
            self.model(
                torch.from_numpy(atoms).to(self.device),
                torch.from_numpy(distances.astype(np.float32)).to(self.device),
                torch.from_numpy(neighbours).to(self.device),
                owners,
            )
        return Embedding({"final": features.value})

    @staticmethod
    def _graph(structure: views.Structure) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Return each atom's nearest neighbours [n, 12] and their distances in Å.

        Where there are fewer, the rest is the first atom, farther than any Gaussian: as the authors' data set has it.
        """
        count = len(structure.numbers)
        crystal = Structure(
            Lattice(structure.cell), structure.numbers.tolist(), structure.positions, coords_are_cartesian=True
        )
        centres, ends, _, lengths = crystal.get_neighbor_list(RADIUS)
        neighbours = np.zeros((count, NEIGHBOURS), np.int64)
        distances = np.full((count, NEIGHBOURS), RADIUS + 1.0)
        order = np.lexsort((lengths, centres))
        centres, ends, lengths = centres[order], ends[order], lengths[order]
        rank = np.arange(len(centres)) - np.searchsorted(centres, centres)
        near = rank < NEIGHBOURS
        neighbours[centres[near], rank[near]] = ends[near]
        distances[centres[near], rank[near]] = lengths[near]
        return neighbours, distances
