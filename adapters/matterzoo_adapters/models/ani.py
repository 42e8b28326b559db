"""ANI (torchani): the last hidden units of each element's network, the first member's of the ensemble."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from ase import Atoms
from ase.units import Hartree
from torchani.arch import ANI, Assembler
from torchani.ase import from_ase
from torchani.neighbors import Neighbors
from torchani.nn import AtomicNetwork
from torchani.utils import SYMBOLS_1X, SYMBOLS_2X

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding

MEMBERS = 8
ARCHITECTURES = {4: ("ani1x", SYMBOLS_1X), 7: ("ani2x", SYMBOLS_2X)}
"""By the number of elements: the package's name for it, and its elements in the order of its networks."""


class ANIAdapter(AtomsAdapter):
    """ANI-1x, ANI-1ccx and ANI-2x.

    The networks of two elements share nothing, and so their hidden units are no common axes: each element has columns
    of its own, which are zero for the atoms of every other. The package's readout is linear in these vectors.
    """

    def load(self) -> None:
        """Load the ensemble's state and keep its first member, or build one member as its constructor draws it."""
        elements = self.setup.card["domain"]["elements"]
        if self.setup.random_weights:
            model = architecture(len(elements), members=1)
        else:
            ensemble = architecture(len(elements), members=MEMBERS)
            ensemble.load_state_dict(torch.load(self.setup.checkpoint, map_location="cpu", weights_only=True))
            model = ensemble[0]
        if set(model.atomic_numbers.tolist()) != set(elements):
            raise ValueError(f"the card's elements are not this network's: {', '.join(model.symbols)}")
        self.model = model.to(self.device).eval().requires_grad_(False)
        self.networks = [cast("AtomicNetwork", network) for network in model.neural_networks.atomics.values()]

    @torch.inference_mode()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the hidden units [Σ nᵢ, Σ widths] and the total energy in eV.

        All structures are one molecule for the networks: each has its own list of neighbours, periodic or not.
        """
        offsets = torch.as_tensor(batch.offsets[:-1], device=self.device)
        lists = [self._neighbours(atoms) for atoms in batch.ase_atoms]
        indices = [part.indices + start for part, start in zip(lists, offsets, strict=True)]
        neighbours = Neighbors(
            torch.cat(indices, dim=1),
            torch.cat([part.distances for part in lists]),
            torch.cat([part.diff_vectors for part in lists]),
        )
        numbers = torch.as_tensor(batch.numbers.astype(np.int64), device=self.device)[None]
        positions = torch.as_tensor(batch.positions, dtype=torch.float32, device=self.device)[None]
        species = self.model.species_converter(numbers)
        features = self.model.aev_computer.compute_from_neighbors(species, positions, neighbours)[0]
        vectors, atomic = self._through_networks(species[0], features)
        atomic += self.model.energy_shifter(species, atomic=True)[0].double()
        owner = torch.repeat_interleave(torch.as_tensor(batch.sizes, device=self.device))
        energy = torch.zeros(len(batch), dtype=torch.float64, device=self.device).index_add_(0, owner, atomic)
        return Embedding({"hidden": vectors}, energy * Hartree)

    def _neighbours(self, atoms: Atoms) -> Neighbors:
        numbers, positions, cell, pbc = from_ase(atoms, self.device, torch.float32)
        return self.model.neighborlist(self.model.cutoff, numbers, positions, cell, pbc)

    def _through_networks(self, species: torch.Tensor, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run each element's network up to its last layer, and then that."""
        widths = [network.final_layer.in_features for network in self.networks]
        vectors = features.new_zeros(len(features), sum(widths))
        atomic = features.new_zeros(len(features), dtype=torch.float64)
        columns = torch.split(vectors, widths, dim=1)
        for element, (network, block) in enumerate(zip(self.networks, columns, strict=True)):
            rows = (species == element).nonzero().view(-1)
            hidden = features[rows]
            for layer in network.layers:
                hidden = network.activation(layer(hidden))
            block[rows] = hidden
            atomic[rows] = network.final_layer(hidden).view(-1).double()
        return vectors, atomic


def architecture(elements: int, *, members: int) -> ANI:
    """Assemble the published architecture for so many elements; atomic energies are those of free atoms (wB97X)."""
    name, symbols = ARCHITECTURES[elements]
    assembler = Assembler(symbols)
    assembler.set_atomic_networks(ctor=name)
    assembler.set_global_cutoff_fn("cosine")
    assembler.set_aev_computer(radial=name, angular=name, strategy="pyaev")
    assembler.set_gsaes_as_self_energies("wb97x-631gd")
    return assembler.assemble(members)
