"""A molecule as Graphormer reads it: distances between atoms, and the bonds on a shortest path between any two.

The package computes this in Cython, with a compiler at hand when it is imported, which a container has not. Here it is
NumPy, after Ying et al., "Do Transformers Really Perform Badly for Graph Representation?" (2021), section 3, with the
package's choice among equally short paths; the tests compare both, bit by bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

UNREACHABLE = 510
"""The distance, in bonds, of atoms that no path joins."""
FAR = 19
"""Beyond this distance atoms do not attend to each other."""
APART = 512
"""Each feature has so many rows of the one table of embeddings."""

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Graph:
    """One molecule of n atoms.

    Parameters
    ----------
    atoms
        Rows of the table of atoms' features [n, 9]; 0 is padding.
    degrees
        Rows of the table of degrees [n].
    distances
        In bonds, counted from 1 [n, n].
    bonds
        Rows of the table of bonds' features, for the first `hops` bonds on the path from one atom to another
        [n, n, hops, 3]; 0 where the path is shorter.
    neighbours
        The same for neighbours only [n, n, 3].
    """

    atoms: Integers
    degrees: Integers
    distances: Integers
    bonds: Integers
    neighbours: Integers


def graph_of(molecule: Mapping[str, npt.NDArray[np.int64]], hops: int) -> Graph:
    """Return the graph of a molecule with OGB's features.

    Parameters
    ----------
    molecule
        `node_feat` [n, 9], `edge_index` [2, 2 · bonds] and `edge_feat` [2 · bonds, 3], as `ogb.utils.mol` returns them.
    hops
        How many bonds of each path the model reads.
    """
    size = len(molecule["node_feat"])
    begins, ends = molecule["edge_index"]
    neighbours = np.zeros((size, size, molecule["edge_feat"].shape[1]), np.int64)
    neighbours[begins, ends] = _rows(molecule["edge_feat"]) - 1
    bonded = np.zeros((size, size), bool)
    bonded[begins, ends] = True
    distances, between = shortest(bonded)
    path = first_steps(distances, between, hops)
    before = np.concatenate([np.broadcast_to(np.arange(size)[:, None, None], (size, size, 1)), path[..., :-1]], axis=2)
    exists = np.arange(hops) < np.where(distances < UNREACHABLE, distances, 0)[..., None]
    bonds = np.where(exists[..., None], neighbours[before, path] + 1, 0)
    return Graph(_rows(molecule["node_feat"]), bonded.sum(axis=1) + 1, distances + 1, bonds, neighbours)


def shortest(bonded: npt.NDArray[np.bool_]) -> tuple[Integers, Integers]:
    """Return all distances [n, n] and, for each pair, an atom between (−1 of neighbours), by Floyd and Warshall."""
    distances = np.where(bonded, 1, UNREACHABLE).astype(np.int64)
    np.fill_diagonal(distances, 0)
    between = np.full(bonded.shape, -1, np.int64)
    for middle in range(len(bonded)):
        by_it = distances[:, middle, None] + distances[middle]
        shorter = by_it < distances
        distances[shorter] = by_it[shorter]
        between[shorter] = middle
    return distances, between


def first_steps(distances: Integers, between: Integers, hops: int) -> Integers:
    """Return the first `hops` atoms on the path from i to j [n, n, hops], without i; what follows j has no meaning.

    A path by k is that to k and then that from k, so the short ones are put together before the long ones.
    """
    size = len(distances)
    path: Integers = np.broadcast_to(np.arange(size)[None, :, None], (size, size, hops)).copy()  # neighbours: j
    reached = distances[distances < UNREACHABLE]
    for length in range(2, reached.max(initial=0) + 1):
        i, j = np.nonzero(distances == length)
        k = between[i, j]
        first = distances[i, k]
        for step in range(hops):
            behind = np.clip(step - first, 0, hops - 1)
            path[i, j, step] = np.where(step < first, path[i, k, step], path[k, j, behind])
    return path


def together(graphs: Sequence[Graph]) -> dict[str, npt.NDArray[np.generic]]:
    """Pad graphs to the largest one, under the names of the model's arguments."""
    count, most = len(graphs), max(len(graph.atoms) for graph in graphs)
    padded: dict[str, npt.NDArray[np.generic]] = {
        name: np.zeros((count, *[most] * axes, *getattr(graphs[0], field).shape[axes:]), np.int64)
        for name, (field, axes) in _ARGUMENTS.items()
    }
    bias = np.zeros((count, most + 1, most + 1), np.float32)
    for row, graph in enumerate(graphs):
        size = len(graph.atoms)
        for name, (field, axes) in _ARGUMENTS.items():
            padded[name][row][(slice(size),) * axes] = getattr(graph, field)
        bias[row, 1 : size + 1, 1 : size + 1][graph.distances > FAR] = -np.inf
    return {**padded, "attn_bias": bias, "out_degree": padded["in_degree"]}


_ARGUMENTS = {
    "input_nodes": ("atoms", 1), "in_degree": ("degrees", 1), "spatial_pos": ("distances", 2),
    "input_edges": ("bonds", 2), "attn_edge_type": ("neighbours", 2),
}  # fmt: skip
"""The model's name for each field, and how many of its axes are atoms."""


def _rows(features: Integers) -> Integers:
    """Return the rows of a table that holds all features, one after another; the first three stay free."""
    return features + APART * np.arange(features.shape[1]) + 3
