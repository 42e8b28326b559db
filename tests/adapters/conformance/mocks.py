"""Mock models: a good one of each modality, and for every rule one that breaks it and as little else as it can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from grid_mocks import BAD_GRIDS, grid_card

from matterzoo_adapters.backends import backend
from matterzoo_adapters.base import (
    Adapter,
    AtomsAdapter,
    AtomsBatch,
    Embedding,
    GridAdapter,
    Setup,
    TextAdapter,
    TextBatch,
    Tokens,
)
from matterzoo_adapters.conformance.subject import Subject
from matterzoo_adapters.smiles import ATOM, atom_places
from matterzoo_adapters.worker.engine import Engine
from matterzoo_schemas.views import Structure

DIM = 6
CUTOFF = 4.0
IMAGES = np.array([(i, j, k) for i in range(-2, 3) for j in range(-2, 3) for k in range(-2, 3)], np.float64)

ATOMS_CARD: dict[str, Any] = {
    "view": "atoms",
    "checkpoint": {"source": "package"},
    "embedding": {"layers": [{"name": "last", "level": "node", "dim": DIM, "symmetry": "invariant"}]},
    "domain": {"elements": [1, 6, 7, 8, 11, 14, 17, 29], "periodic": True, "non_periodic": True, "max_nodes": None},
    "energy": {"available": True},
    "tolerances": {"repeat": 0.0, "batch": 1e-5, "symmetry": 1e-4, "golden": 1e-4},
}
TEXT_CARD: dict[str, Any] = {
    **ATOMS_CARD,
    "view": "smiles",
    "embedding": {"layers": [{"name": "last", "level": "node", "node_kind": "token", "dim": DIM, "symmetry": "none"}]},
    "domain": {"elements": None, "periodic": True, "non_periodic": True, "max_nodes": None},
    "energy": {"available": False},
}
GRAPH_CARD: dict[str, Any] = {
    **TEXT_CARD,
    "embedding": {
        "layers": [{"name": "last", "level": "node", "node_kind": "atom", "dim": DIM, "symmetry": "invariant"}]
    },
}


def weights(setup: Setup, rows: int) -> np.ndarray:
    """A checkpoint's, or the constructor's."""
    return np.random.default_rng([1, setup.seed] if setup.random_weights else 0).standard_normal((rows, DIM))


class GoodAtoms(AtomsAdapter):
    """Sums over the neighbours within 4 Å, periodic images included, of radial functions and element vectors."""

    backend = "none"

    def load(self) -> None:
        self.matrix = weights(self.setup, 120)

    def weights(self) -> Mapping[str, np.ndarray]:
        return {"matrix": self.matrix}

    def embed(self, batch: AtomsBatch) -> Embedding:
        nodes = [self.nodes(atoms) for atoms in batch.structures]
        return Embedding({"last": np.concatenate(nodes)}, np.array([self.energy(values) for values in nodes]))

    def energy(self, nodes: np.ndarray) -> float:
        return float(nodes.sum())

    def nodes(self, atoms: Structure) -> np.ndarray:
        own = self.matrix[atoms.numbers.astype(int)]
        steps, _ = self.neighbours(atoms)
        radial = np.exp(-(np.linalg.norm(steps, axis=-1) ** 2) / 2)[..., None]
        return own + (radial * own[None, :, None]).sum(axis=(1, 2))

    def neighbours(self, atoms: Structure) -> tuple[np.ndarray, np.ndarray]:
        """Steps [n, n, images, 3] from each atom to each image of each, infinite where too far; and their lengths."""
        images = IMAGES @ atoms.cell if atoms.pbc.any() else np.zeros((1, 3))
        positions = atoms.positions
        if atoms.pbc.any():
            fractional = positions @ np.linalg.inv(atoms.cell)
            positions = (fractional - np.floor(fractional)) @ atoms.cell
        steps = positions[None, :, None] + images[None, None] - positions[:, None, None]
        lengths = np.linalg.norm(steps, axis=-1)
        return np.where(((lengths < CUTOFF) & (lengths > 1e-8))[..., None], steps, np.inf), lengths


class GoodText(TextAdapter):
    """One vector a byte, which its neighbours colour."""

    backend = "none"
    blind = frozenset({0})

    def tokens(self, strings: Sequence[str]) -> list[Tokens] | None:
        read = [list(string.encode()) for string in strings]
        return [Tokens(ids, list(range(len(ids))), list(range(len(ids)))) for ids in read]

    def load(self) -> None:
        self.matrix = weights(self.setup, 256)

    def weights(self) -> Mapping[str, np.ndarray]:
        return {"matrix": self.matrix}

    def refuse(self, batch: TextBatch) -> dict[int, str]:
        return {row: "nothing but blanks" for row, string in enumerate(batch.strings) if not string.strip()}

    def embed(self, batch: TextBatch) -> Embedding:
        return Embedding({"last": np.concatenate([self.nodes(string) for string in batch.strings])})

    def nodes(self, string: str) -> np.ndarray:
        own = self.matrix[np.frombuffer(string.encode(), np.uint8)]
        return own + 0.1 * np.roll(own, 1, axis=0)


class GoodMolecules(GoodText):
    """One vector an atom, which all the others colour; marks of stereo and of aromaticity are not read."""

    padded = False

    def tokens(self, strings: Sequence[str]) -> list[Tokens] | None:
        return None

    def embed(self, batch: TextBatch) -> Embedding:
        places = [self.places(string) for string in batch.strings]
        nodes = [self.atoms(string, own) for string, own in zip(batch.strings, places, strict=True)]
        offsets = np.cumsum([0, *map(len, places)])
        return Embedding({"last": np.concatenate(nodes)}, offsets=offsets, index=np.concatenate(places))

    def places(self, string: str) -> np.ndarray:
        return np.array(atom_places(string))

    def atoms(self, string: str, places: np.ndarray) -> np.ndarray:
        written = [ATOM.match(string, place) for place in places.tolist()]
        kinds = [sum(found[0].upper().replace("@", "").encode()) for found in written if found]
        own = self.matrix[np.array(kinds) % 256]
        return own + 0.1 * own.sum(axis=0)


class Infinite(GoodAtoms):
    def nodes(self, atoms: Structure) -> np.ndarray:
        return super().nodes(atoms) * (np.nan if len(atoms.numbers) == 3 else 1.0)


class Zero(GoodAtoms):
    def nodes(self, atoms: Structure) -> np.ndarray:
        return super().nodes(atoms) * (len(atoms.numbers) != 3)


class LosesAnAtom(GoodAtoms):
    def embed(self, batch: AtomsBatch) -> Embedding:
        kept = batch.sizes - (batch.sizes > 2)
        index = np.concatenate([np.arange(size) for size in kept])
        whole = super().embed(batch)
        rows = np.concatenate([start + np.arange(size) for start, size in zip(batch.offsets, kept, strict=False)])
        return Embedding(
            {"last": whole.layers["last"][rows]}, whole.energy, np.concatenate([[0], np.cumsum(kept)]), index
        )


class GivesTooFew(GoodAtoms):
    def embed(self, batch: AtomsBatch) -> Embedding:
        whole = super().embed(batch)
        return Embedding({"last": whole.layers["last"][:-1]}, whole.energy)


class Noisy(GoodAtoms):
    calls = 0

    def nodes(self, atoms: Structure) -> np.ndarray:
        Noisy.calls += 1
        return super().nodes(atoms) * (1 + 1e-6 * Noisy.calls)


class BatchNorm(GoodAtoms):
    def embed(self, batch: AtomsBatch) -> Embedding:
        whole = super().embed(batch)
        nodes = whole.layers["last"]
        return Embedding({"last": nodes - 0.1 * nodes.mean(axis=0)}, whole.energy)


class CountsRecords(GoodAtoms):
    def embed(self, batch: AtomsBatch) -> Embedding:
        nodes = [(1 + 0.01 * row) * self.nodes(atoms) for row, atoms in enumerate(batch.structures)]
        return Embedding({"last": np.concatenate(nodes)}, np.array([self.energy(values) for values in nodes]))


class FeelsPadding(GoodAtoms):
    def embed(self, batch: AtomsBatch) -> Embedding:
        whole = super().embed(batch)
        return Embedding({"last": whole.layers["last"] * (1 + 0.01 * batch.sizes.max())}, whole.energy)


class SortsItsInput(GoodAtoms):
    def embed(self, batch: AtomsBatch) -> Embedding:
        batch.positions.sort(axis=0)
        return super().embed(batch)


class Constant(GoodAtoms):
    def nodes(self, atoms: Structure) -> np.ndarray:
        return np.ones((len(atoms.numbers), DIM))


class NeedsNeighbours(GoodAtoms):
    def nodes(self, atoms: Structure) -> np.ndarray:
        steps, _ = self.neighbours(atoms)
        if not np.isfinite(steps).any():
            raise ValueError("cannot reshape an array of size 0")
        return super().nodes(atoms)


class MakesAGrid(GoodAtoms):
    def nodes(self, atoms: Structure) -> np.ndarray:
        return super().nodes(atoms) * (np.nan if np.linalg.det(atoms.cell) > 1e4 else 1.0)


class DividesByTheCell(GoodAtoms):
    def nodes(self, atoms: Structure) -> np.ndarray:
        np.linalg.inv(atoms.cell)
        return super().nodes(atoms)


class KnowsNoCell(GoodAtoms):
    def nodes(self, atoms: Structure) -> np.ndarray:
        if atoms.pbc.any():
            raise ValueError("no periodic structures")
        return super().nodes(atoms)


class DividesByDistance(GoodAtoms):
    def nodes(self, atoms: Structure) -> np.ndarray:
        _, lengths = self.neighbours(atoms)
        return super().nodes(atoms) * (np.nan if lengths[lengths > 1e-8].min(initial=9.0) < 0.5 else 1.0)


class LooksElementsUp(GoodAtoms):
    """Its card names no elements, and it does not know them all."""

    def nodes(self, atoms: Structure) -> np.ndarray:
        {number: number for number in range(1, 95)}[int(atoms.numbers.max())]
        return super().nodes(atoms)


class SameForTwoElements(GoodAtoms):
    def load(self) -> None:
        super().load()
        self.matrix[17] = self.matrix[11]


class LacksAnElement(GoodAtoms):
    def nodes(self, atoms: Structure) -> np.ndarray:
        if 29 in atoms.numbers and len(atoms.numbers) == 1:
            raise KeyError(29)
        return super().nodes(atoms)


class SeesTheOrigin(GoodAtoms):
    def nodes(self, atoms: Structure) -> np.ndarray:
        return super().nodes(atoms) + np.sin(atoms.positions[:, :1])


class SeesDirections(GoodAtoms):
    """Invariant under shifts, but not under rotations."""

    def nodes(self, atoms: Structure) -> np.ndarray:
        steps, _ = self.neighbours(atoms)
        x = np.where(np.isfinite(steps[..., 0]), steps[..., 0], 0.0)
        return super().nodes(atoms) + 0.1 * (x**2).sum(axis=(1, 2))[:, None]


class SeesHands(GoodAtoms):
    """Invariant under rotations, but not under reflections."""

    def nodes(self, atoms: Structure) -> np.ndarray:
        steps, lengths = self.neighbours(atoms)
        near = np.where(np.isfinite(steps), steps, 0.0)
        own = atoms.numbers.astype(float)[None, :, None, None]
        powers = [(near * own**power * np.exp(-((lengths / width) ** 2))[..., None]).sum(axis=(1, 2))
                  for power, width in ((0, 1.0), (1, 2.0), (2, 3.0))]  # fmt: skip
        return super().nodes(atoms) + np.linalg.det(np.stack(powers, axis=1))[:, None]


class CountsAtoms(GoodAtoms):
    def nodes(self, atoms: Structure) -> np.ndarray:
        return super().nodes(atoms) * (1 + 0.01 * np.arange(len(atoms.numbers)))[:, None]


class KnowsNoImages(GoodAtoms):
    """Takes atoms where they lie: one moved by a lattice vector is another crystal."""

    def nodes(self, atoms: Structure) -> np.ndarray:
        return super().nodes(Structure(atoms.numbers, atoms.positions))


class FeelsTheSize(GoodAtoms):
    def nodes(self, atoms: Structure) -> np.ndarray:
        return super().nodes(atoms) * (1 + 0.01 * len(atoms.numbers))


class EnergyPerAtom(GoodAtoms):
    def energy(self, nodes: np.ndarray) -> float:
        return float(nodes.mean())


class SeesOnlyElements(GoodAtoms):
    def nodes(self, atoms: Structure) -> np.ndarray:
        return self.matrix[atoms.numbers.astype(int)]


class LoadsNothing(GoodAtoms):
    """Says that it loads a checkpoint, and draws."""

    def load(self) -> None:
        self.matrix = np.random.standard_normal((120, DIM))  # noqa: NPY002 (the global generator is the fault)


class ForgetsItsCheckpoint(GoodAtoms):
    """The same weights, trained or not."""

    def load(self) -> None:
        self.matrix = np.random.default_rng(0).standard_normal((120, DIM))


class FailsOnBlanks(GoodText):
    def refuse(self, batch: TextBatch) -> dict[int, str]:
        return {}

    def nodes(self, string: str) -> np.ndarray:
        return super().nodes(string) + len(string.split(maxsplit=1)[0])


class ZeroForBlanks(GoodText):
    def refuse(self, batch: TextBatch) -> dict[int, str]:
        return {}

    def nodes(self, string: str) -> np.ndarray:
        return super().nodes(string) * bool(string.strip())


class SeesPadding(GoodText):
    def embed(self, batch: TextBatch) -> Embedding:
        longest = max(map(len, batch.strings))
        return Embedding({"last": np.concatenate([self.nodes(s) * (1 + 0.01 * longest) for s in batch.strings])})


class SaysNoTokens(GoodText):
    def tokens(self, strings: Sequence[str]) -> list[Tokens] | None:
        return None


class ReadsChlorineAsPadding(GoodText):
    def tokens(self, strings: Sequence[str]) -> list[Tokens] | None:
        return super().tokens([string.replace("Cl", "\0") for string in strings])


class ReadsNothing(GoodText):
    def tokens(self, strings: Sequence[str]) -> list[Tokens] | None:
        return [Tokens([1, 2], [], []) for _ in strings]


class RefusesChlorine(GoodText):
    def refuse(self, batch: TextBatch) -> dict[int, str]:
        return {row: "unknown: Cl" for row, string in enumerate(batch.strings) if "Cl" in string or not string.strip()}


class OneVectorForAll(GoodText):
    def nodes(self, string: str) -> np.ndarray:
        return np.ones((len(string), DIM))


class FailsOnSalts(GoodMolecules):
    def atoms(self, string: str, places: np.ndarray) -> np.ndarray:
        if "." in string:
            raise ValueError("an atom has no bond")
        return super().atoms(string, places)


class CountsAtomsNotCharacters(GoodMolecules):
    def embed(self, batch: TextBatch) -> Embedding:
        whole = super().embed(batch)
        return replace(whole, index=np.concatenate([np.arange(len(atom_places(string))) for string in batch.strings]))


class ForgetsTheLastAtom(GoodMolecules):
    def places(self, string: str) -> np.ndarray:
        return super().places(string)[: max(1, len(atom_places(string)) - 1)]


class SeesTheOrderOfAtoms(GoodMolecules):
    def atoms(self, string: str, places: np.ndarray) -> np.ndarray:
        return super().atoms(string, places) * (1 + 0.01 * places[:, None])


class ReadsMarksOfStereo(GoodMolecules):
    def atoms(self, string: str, places: np.ndarray) -> np.ndarray:
        return super().atoms(string, places) * (1 + 0.01 * string.count("@"))


BAD: dict[str, list[type[Adapter[Any]]]] = {
    "finite": [Infinite, Zero],
    "nodes": [LosesAnAtom, GivesTooFew],
    "repeat": [Noisy],
    "batch-composition": [BatchNorm],
    "batch-order": [CountsRecords],
    "padding": [FeelsPadding, SeesPadding],
    "input-untouched": [SortsItsInput],
    "not-constant": [Constant, OneVectorForAll],
    "single-atom": [NeedsNeighbours],
    "huge-cell": [MakesAGrid],
    "no-periodicity": [DividesByTheCell],
    "periodicity": [KnowsNoCell],
    "too-close": [DividesByDistance],
    "unsupported-element": [LooksElementsUp],
    "elements": [SameForTwoElements, LacksAnElement],
    "translation": [SeesTheOrigin],
    "rotation": [SeesDirections],
    "reflection": [SeesHands],
    "permutation": [CountsAtoms],
    "lattice-wrap": [KnowsNoImages],
    "supercell": [FeelsTheSize],
    "energy-extensive": [EnergyPerAtom],
    "sees-geometry": [SeesOnlyElements],
    "weights-fixed": [LoadsNothing],
    "untrained-twin": [ForgetsItsCheckpoint],
    "tokens": [SaysNoTokens, ReadsChlorineAsPadding, ReadsNothing, RefusesChlorine],
    "empty-string": [FailsOnBlanks, ZeroForBlanks],
    "odd-molecules": [FailsOnSalts],
    "atoms-in-place": [CountsAtomsNotCharacters, ForgetsTheLastAtom],
    "spelling": [SeesTheOrderOfAtoms],
    "stereo-spelling": [ReadsMarksOfStereo],
    **BAD_GRIDS,
}
"""For every rule the models that it rejects."""


def card_of(kind: type[Adapter[Any]], **changes: Any) -> dict[str, Any]:
    """The mock's card; a group is merged one level deep."""
    card = (
        grid_card(kind)
        if issubclass(kind, GridAdapter)
        else dict(
            GRAPH_CARD
            if issubclass(kind, GoodMolecules)
            else TEXT_CARD
            if issubclass(kind, TextAdapter)
            else ATOMS_CARD
        )
    )
    if kind is LooksElementsUp:
        changes = {"domain": {"elements": None}, **changes}
    return card | {key: {**card[key], **value} for key, value in changes.items()}


def subject_of(kind: type[Adapter[Any]], **changes: Any) -> Subject:
    """A mock as the worker would have it."""
    setup = Setup(model="mock", card=card_of(kind, **changes), adapter="mock", layers=["last"], nodes=True)
    adapter = kind(setup, backend(kind.backend).prepare("cpu", 0, 1))
    adapter.load()
    return Subject(Engine(adapter, backend(kind.backend)), lambda _rows, _ids: None)
