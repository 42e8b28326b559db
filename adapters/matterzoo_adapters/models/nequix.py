"""Nequix (nequix, JAX): the scalar node features that enter the readout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np
import numpy.typing as npt
from nequix.data import atomic_numbers_to_indices, preprocess_graph
from nequix.model import Nequix, load_model

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding

Graph = dict[str, npt.NDArray[Any]]
SMALL = {
    "hidden_irreps": "32x0e + 16x1o + 8x2e + 8x3o",
    "lmax": 3,
    "cutoff": 6.0,
    "n_layers": 4,
    "radial_basis_size": 8,
    "radial_mlp_size": 64,
    "radial_mlp_layers": 2,
    "radial_polynomial_p": 6.0,
    "mlp_init_scale": 4.0,
    "index_weights": False,
    "layer_norm": True,
    "shift": 0.0,
    "scale": 1.0,
    "avg_n_neighbors": 40.0,
}
"""A random build: of the published kind, with a quarter of its channels."""


class NequixAdapter(AtomsAdapter):
    """All Nequix checkpoints (`.nqx`)."""

    backend = "jax"

    def load(self) -> None:
        """Load the checkpoint, or build a small model with random weights for the card's elements."""
        if self.setup.random_weights:
            numbers = list(self.setup.card["domain"]["elements"])
            self.model = Nequix(jax.random.key(self.setup.seed), n_species=len(numbers), **SMALL)
        else:
            self.model, config = load_model(str(self.setup.checkpoint))
            numbers = config["atomic_numbers"]
        self.index = atomic_numbers_to_indices(numbers)
        if unknown := set(self.setup.card["domain"]["elements"]) - set(self.index):
            raise ValueError(f"the card names elements that the checkpoint does not know: {sorted(unknown)}")

    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the scalars of the last layer [Σ nᵢ, channels] and the total energy in eV."""
        graphs = [self._graph(atoms) for atoms in batch.ase_atoms]
        nodes = sum(len(graph["species"]) for graph in graphs)
        features, energies = compiled(self.model, **padded(joined(graphs), self.model.cutoff))
        atomic = np.asarray(energies[:nodes, 0], np.float64)
        return Embedding({"final": np.asarray(features)[:nodes]}, np.add.reduceat(atomic, batch.offsets[:-1]))

    def weights(self) -> Mapping[str, npt.NDArray[Any]]:
        """Return every array of the model by its path."""
        leaves, _ = jax.tree_util.tree_flatten_with_path(eqx.filter(self.model, eqx.is_array))
        return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}

    def _graph(self, atoms: Any) -> Graph:
        """Make the package's graph, each edge with its vector.

        The package's calculator forgets the lattice vectors of an edge unless all three directions are periodic; here
        every edge keeps those it was found with, so that a slab is what it would be in a large box.
        """
        graph = preprocess_graph(atoms, self.index, self.model.cutoff, False)
        senders, receivers = graph["senders"], graph["receivers"]
        shifts = graph["shifts"].astype(np.float64) @ atoms.cell.array
        vectors = atoms.positions[senders] - atoms.positions[receivers] + shifts
        return {
            "displacements": vectors.astype(np.float32),
            "species": graph["species"],
            "senders": senders,
            "receivers": receivers,
        }


def forward(model: Nequix, **graph: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return what enters the readout [nodes, channels], and the atoms' energies [nodes, 1] in eV."""
    entered: list[jax.Array] = []

    def readout(features: Any) -> Any:
        entered.append(features.array)
        return model.readout(features)

    energies = eqx.tree_at(lambda tree: tree.readout, model, readout).node_energies(**graph)
    return entered[0], energies


compiled = eqx.filter_jit(forward)


def joined(graphs: Sequence[Graph]) -> Graph:
    """Put graphs side by side in one, their atoms numbered on."""
    sizes = [len(graph["species"]) for graph in graphs]
    starts = np.cumsum([0, *sizes[:-1]])
    numbered = [
        graph | {end: graph[end] + start for end in ("senders", "receivers")}
        for graph, start in zip(graphs, starts, strict=True)
    ]
    return {name: np.concatenate([graph[name] for graph in numbered]) for name in graphs[0]}


def padded(graph: Graph, cutoff: float) -> Graph:
    """Fill a graph up to one of few sizes: XLA compiles the model anew, for seconds, at every shape it has not seen.

    What is added are lone atoms, and edges as long as the cutoff, from the last of them to itself: no atom of the batch
    receives anything of them, and each message is zero where the radial functions end.
    """
    nodes, edges = len(graph["species"]), len(graph["senders"])
    more_nodes, more_edges = rung(nodes + 1, 32, 4) - nodes, rung(edges + 1, 512, 2) - edges
    last = np.full(more_edges, nodes + more_nodes - 1, np.int32)
    return {
        "displacements": np.concatenate([graph["displacements"], np.full((more_edges, 3), cutoff, np.float32)]),
        "species": np.concatenate([graph["species"], np.zeros(more_nodes, np.int32)]),
        "senders": np.concatenate([graph["senders"].astype(np.int32), last]),
        "receivers": np.concatenate([graph["receivers"].astype(np.int32), last]),
    }


def rung(size: int, first: int, factor: int) -> int:
    """Return the smallest of first, first · factor, first · factor², … that is not below a size."""
    step = first
    while step < size:
        step *= factor
    return step
