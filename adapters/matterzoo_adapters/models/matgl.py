"""matgl: the atom features of M3GNet, TensorNet and MEGNet that enter the readout."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from typing import Any

import ase
import matgl
import numpy as np
import torch
from ase.data import atomic_numbers
from matgl.apps.pes import Potential
from matgl.graph.converters import GraphConverter
from matgl.models import M3GNet, MEGNet, TensorNet
from pymatgen.optimization.neighbors import find_points_in_spheres
from torch_geometric.data import Batch, Data

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding

COINCIDENT = 1e-8
"""Å; nearer than this is the atom itself, as the package has it."""


class MatGLAdapter(AtomsAdapter):
    """A potential, or a network of one property, which is run without its energy."""

    def load(self) -> None:
        """Load the folder that matgl saved, or build the architecture as its constructor draws it."""
        loaded: Any = self.random_model() if self.setup.random_weights else self._saved()
        self.has_energy = isinstance(loaded, Potential)
        potential = loaded if self.has_energy else Potential(model=loaded)
        potential.calc_forces = potential.calc_stresses = potential.calc_hessian = False
        self.model: Any = potential.to(self.device).eval().requires_grad_(False)
        elements = self.model.model.element_types
        if unknown := set(self.setup.card["domain"]["elements"]) - {atomic_numbers[symbol] for symbol in elements}:
            raise ValueError(f"the card names elements that the checkpoint does not know: {sorted(unknown)}")
        self.graphs = Graphs(elements, self.model.model.cutoff)

    @abstractmethod
    def random_model(self) -> Any:
        """Build the architecture with random weights."""

    @abstractmethod
    def node_vectors(self, features: dict[str, Any]) -> Any:
        """Pick the last atom features [Σ nᵢ, d] out of what the network kept of its run."""

    def state(self, graphs: int) -> torch.Tensor | None:
        """Return the global state of each graph, where the network takes one."""
        del graphs
        return None

    @torch.no_grad()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the atom features before the readout [Σ nᵢ, d], and a potential's total energy in eV."""
        parts, lattices, _ = zip(*(self.graphs.get_graph(atoms) for atoms in batch.ase_atoms), strict=True)
        graph = Batch.from_data_list(list(parts)).to(self.device)
        energy, *_ = self.model(graph, torch.cat(lattices).to(self.device), self.state(len(batch)))
        vectors = self.node_vectors(self.model.model.feature_dict)
        return Embedding({"final": vectors}, energy.reshape(-1).double() if self.has_energy else None)

    def _saved(self) -> Any:
        with warnings.catch_warnings():
            # The package only warns, and goes on: what it changed between versions is the direction of messages.
            warnings.filterwarnings("error", "Incompatible model version")
            return matgl.load_model(self.setup.checkpoint)


class M3GNetAdapter(MatGLAdapter):
    """M3GNet: potentials, and networks of one property."""

    def random_model(self) -> Any:
        """Build it with the constructor's sizes; a potential has the smooth basis that the published ones have."""
        if self.setup.card["energy"]["available"]:
            return Potential(model=M3GNet(is_intensive=False, use_smooth=True))
        return M3GNet(is_intensive=True)

    def node_vectors(self, features: dict[str, Any]) -> Any:
        """Return what the last block gives its atoms."""
        return features[f"gc_{self.model.model.n_blocks}"]["node_feat"]


class TensorNetAdapter(MatGLAdapter):
    """TensorNet: the invariants of the last block's tensors, normed and mixed, as they enter the energy MLP."""

    def random_model(self) -> Any:
        """Build the potential with the constructor's sizes."""
        return Potential(model=TensorNet(is_intensive=False))

    def node_vectors(self, features: dict[str, Any]) -> Any:
        """Return the atoms' scalars; those of the blocks themselves are 3 × 3 tensors."""
        return features["readout"]


class MEGNetAdapter(MatGLAdapter):
    """MEGNet; the option `fidelity` numbers the functional of a network that was trained on several."""

    def random_model(self) -> Any:
        """Build the network with the constructor's sizes, for as many fidelities as the card allows."""
        fidelities = self.setup.card["options"].get("fidelity", {}).get("allowed", ())
        return MEGNet(ntypes_state=len(fidelities) or None)

    def node_vectors(self, features: dict[str, Any]) -> Any:
        """Return what the last block gives its atoms, before they are summed up by Set2Set."""
        return features[f"gc_{len(self.model.model.blocks)}"]["node_feat"]

    def state(self, graphs: int) -> torch.Tensor:
        """Return the fidelity's number [n], or the two zeros [n, 2] that the package gives each crystal."""
        if "fidelity" in self.setup.options:
            return torch.full((graphs,), int(self.setup.options["fidelity"]), device=self.device)
        return torch.zeros((graphs, 2), device=self.device)


class Graphs(GraphConverter):  # type: ignore[misc]
    """The package's graph of a structure, with images in the structure's own periodic directions.

    The package's converters know three periodic directions or none: a slab would have no images at all.
    """

    def __init__(self, element_types: tuple[str, ...], cutoff: float) -> None:
        self.element_types = tuple(element_types)
        self.cutoff = cutoff

    def get_graph(self, structure: ase.Atoms) -> tuple[Data, torch.Tensor, Any]:
        """Return graph, lattice [1, 3, 3] in Å and state of a structure."""
        cell = structure.cell.complete().array
        positions = np.ascontiguousarray(structure.positions)
        source, target, images, distances = find_points_in_spheres(
            positions, positions, r=self.cutoff, pbc=structure.pbc.astype(np.int64), lattice=cell, tol=COINCIDENT
        )
        others = (source != target) | (distances > COINCIDENT)
        graph: tuple[Data, torch.Tensor, Any] = self.get_graph_from_processed_structure(
            structure, source[others], target[others], images[others], cell[None], self.element_types,
            positions @ np.linalg.inv(cell), is_atoms=True,
        )  # fmt: skip
        return graph
