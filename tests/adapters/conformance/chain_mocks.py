"""Mock models of proteins: a good one of backbones and of sequences, and for every rule of theirs one that breaks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mocks import TEXT_CARD, GoodText

from matterzoo_adapters.backends import backend
from matterzoo_adapters.base import Adapter, BackboneAdapter, BackboneBatch, Embedding, Setup, TextBatch
from matterzoo_adapters.conformance.subject import Subject
from matterzoo_adapters.worker.engine import Engine

DIM = 6
CHAIN_CARD: dict[str, Any] = {
    "view": "backbone",
    "checkpoint": {"source": "package"},
    "embedding": {"layers": [{"name": "last", "level": "node", "dim": DIM, "symmetry": "invariant"}]},
    "domain": {"elements": None, "periodic": True, "non_periodic": True, "max_nodes": None, "missing_atoms": False},
    "energy": {"available": False},
    "tolerances": {"repeat": 0.0, "batch": 1e-5, "symmetry": 1e-4, "golden": 1e-4},
}


class GoodChain(BackboneAdapter):
    """Radial functions of the distances between one residue's atoms and all others'; what is missing adds nothing."""

    backend = "none"

    def load(self) -> None:
        rng = np.random.default_rng([1, self.setup.seed] if self.setup.random_weights else 0)
        self.matrix = rng.standard_normal((5, DIM))

    def weights(self) -> Mapping[str, np.ndarray]:
        return {"matrix": self.matrix}

    def embed(self, batch: BackboneBatch) -> Embedding:
        return Embedding({"last": np.concatenate([self.nodes(backbone) for backbone in batch.backbones])})

    def nodes(self, backbone: np.ndarray) -> np.ndarray:
        pairs = [(1, 1), (0, 2), (0, 3), (1, 3)]
        steps = [np.linalg.norm(backbone[:, None, one] - backbone[None, :, other], axis=-1) for one, other in pairs]
        sums = [np.nansum(np.exp(-((lengths / 6) ** 2)), axis=1) for lengths in steps]
        return np.stack([*sums, np.ones(len(backbone))], axis=1) @ self.matrix


class LosesAResidue(GoodChain):
    def embed(self, batch: BackboneBatch) -> Embedding:
        pieces = [self.nodes(backbone)[:-1] for backbone in batch.backbones]
        offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])])
        index = np.concatenate([np.arange(len(piece)) for piece in pieces])
        return Embedding({"last": np.concatenate(pieces)}, None, offsets, index)


class NeedsAPair(GoodChain):
    def nodes(self, backbone: np.ndarray) -> np.ndarray:
        if len(backbone) == 1:
            raise IndexError("index 1 is out of bounds for dimension 0 with size 1")
        return super().nodes(backbone)


class SumsNothing(GoodChain):
    """Its card says that it takes residues without an atom, or nobody asked about O."""

    def nodes(self, backbone: np.ndarray) -> np.ndarray:
        return super().nodes(backbone) + backbone.mean() * 0


class WalksTheChain(GoodChain):
    def nodes(self, backbone: np.ndarray) -> np.ndarray:
        if (np.linalg.norm(backbone[1:, 0] - backbone[:-1, 2], axis=-1) > 2.0).any():
            raise ValueError("not a peptide bond")
        return super().nodes(backbone)


class KnowsTheOrigin(GoodChain):
    def nodes(self, backbone: np.ndarray) -> np.ndarray:
        return super().nodes(backbone) + np.sin(backbone[:, 1, :1] / 10)


class KnowsTheAxes(GoodChain):
    def nodes(self, backbone: np.ndarray) -> np.ndarray:
        return super().nodes(backbone) + (backbone[:, 2, :1] - backbone[:, 1, :1])


class KnowsTheHand(GoodChain):
    def nodes(self, backbone: np.ndarray) -> np.ndarray:
        n, ca, c, o = np.moveaxis(backbone, 1, 0)
        return super().nodes(backbone) + np.linalg.det(np.stack([n - ca, c - ca, o - c], axis=1))[:, None]


class CountsResidues(GoodChain):
    def nodes(self, backbone: np.ndarray) -> np.ndarray:
        return np.arange(1.0, len(backbone) + 1)[:, None] * np.ones((1, DIM))


BAD_CHAINS: dict[str, list[type[Adapter[Any]]]] = {
    "nodes": [LosesAResidue],
    "few-residues": [NeedsAPair],
    "missing-atom": [SumsNothing],
    "chain-break": [WalksTheChain],
    "translation": [KnowsTheOrigin],
    "rotation": [KnowsTheAxes],
    "reflection": [KnowsTheHand],
    "sees-folds": [CountsResidues],
}
"""For every rule of backbones the models that it rejects."""


class GoodSequence(GoodText):
    """One vector a letter; a blank alone is refused."""


class LooksResiduesUp(GoodSequence):
    def nodes(self, string: str) -> np.ndarray:
        {letter: row for row, letter in enumerate("ACDEFGHIKLMNPQRSTVWY|:/ ")}[max(string)]
        return super().nodes(string)


class SplitsChains(GoodSequence):
    """Takes chains apart, and forgets that there is no vector for the mark between them."""

    def nodes(self, string: str) -> np.ndarray:
        return np.concatenate([GoodText.nodes(self, part) for part in string.split("|")])


class CutsInSilence(GoodSequence):
    def embed(self, batch: TextBatch) -> Embedding:
        pieces = [self.nodes(string)[:1022] for string in batch.strings]
        offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])])
        index = np.concatenate([np.arange(len(piece)) for piece in pieces])
        return Embedding({"last": np.concatenate(pieces)}, None, offsets, index)


BAD_SEQUENCES: dict[str, list[type[Adapter[Any]]]] = {
    "unusual-residues": [LooksResiduesUp],
    "sequence-break": [SplitsChains],
    "long-sequence": [CutsInSilence],
}
"""For every rule of sequences the models that it rejects."""


def chain_subject(kind: type[Adapter[Any]], **changes: Any) -> Subject:
    """A mock as the worker would have it; a group of its card is merged one level deep."""
    card = CHAIN_CARD if issubclass(kind, BackboneAdapter) else {**TEXT_CARD, "view": "sequence"}
    card = card | {key: {**card[key], **value} for key, value in changes.items()}
    setup = Setup(model="mock", card=card, adapter="mock", layers=["last"], nodes=True)
    adapter = kind(setup, backend(kind.backend).prepare("cpu", 0, 1))
    adapter.load()
    return Subject(Engine(adapter, backend(kind.backend)), lambda _rows, _ids: None)
