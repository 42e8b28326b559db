"""CHGNet (chgnet): the atom features that enter the energy MLP."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from chgnet.graph import CrystalGraph
from chgnet.model.model import CHGNet
from pymatgen.core import Lattice, Structure

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding
from matterzoo_adapters.hooks import entering
from matterzoo_schemas import views


class CHGNetAdapter(AtomsAdapter):
    """All released CHGNet versions; the card's `version` is the package's model name."""

    def load(self) -> None:
        """Load the version that the package carries, or build the same architecture with random weights."""
        if self.setup.random_weights:
            # The default composition model holds atomic energies fitted to MPtrj: nothing trained may stay.
            model = CHGNet(composition_model=None)
        else:
            model = CHGNet.load(model_name=self.setup.card["version"], use_device="cpu", verbose=False)
        self.model = model.to(self.device).eval()

    def refuse(self, batch: AtomsBatch) -> dict[int, str]:
        """Refuse atoms without a neighbour: the package's graph converter raises ValueError for them."""
        cutoff = self.model.graph_converter.atom_graph_cutoff
        refused = {}
        for row, atoms in enumerate(batch.structures):
            centers, *_ = to_pymatgen(atoms).get_neighbor_list(cutoff)
            if lonely := len(atoms.numbers) - len(np.unique(centers)):
                refused[row] = f"{lonely} atom(s) have no neighbour within {cutoff:g} Å, which CHGNet needs"
        return refused

    @torch.inference_mode()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the last layer's atom features [Σ nᵢ, 64] and the total energy in eV.

        Structures without bonds below 3 Å run apart: the package skips its bond convolution for a batch that has no
        angles, and does not for one that has some, which in 0.2.0 moves CsCl by 0.26 eV/atom.
        """
        convert = self.model.graph_converter
        with without_collector():
            graphs = [convert(to_pymatgen(atoms)).to(self.device) for atoms in batch.structures]
        bonded = np.array([len(graph.bond_graph) > 0 for graph in graphs])
        features, energies = [torch.empty(0)] * len(graphs), torch.zeros(len(graphs), dtype=torch.float64)
        for rows in (np.flatnonzero(bonded), np.flatnonzero(~bonded)):
            if len(rows):
                nodes, energies[rows] = self._forward([graphs[row] for row in rows])
                parts = torch.split(nodes, batch.sizes[rows].tolist())
                for row, vectors in zip(rows, parts, strict=True):
                    features[row] = vectors
        return Embedding({"final": torch.cat(features)}, energies)

    def _forward(self, graphs: list[CrystalGraph]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return atom features [Σ nᵢ, 64] and total energies [n] in eV."""
        with entering(self.model.mlp, lambda arguments: arguments[0]) as features:
            answer = self.model(graphs, task="e")
        sizes = answer["atoms_per_graph"] if self.model.is_intensive else 1
        return features.value, (answer["e"].double() * sizes).cpu()


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep Python's garbage collector from walking, again and again, the objects of the graphs that are being made.

    A structure's graph is some thousand edge objects, none of them in a cycle: a third of the conversion's time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def to_pymatgen(atoms: views.Structure) -> Structure:
    """Make the structure that `AseAtomsAdaptor` would make, without passing through ASE."""
    lattice = Lattice(atoms.cell, pbc=tuple(atoms.pbc.tolist()))
    return Structure(lattice, atoms.numbers.tolist(), atoms.positions, coords_are_cartesian=True)
