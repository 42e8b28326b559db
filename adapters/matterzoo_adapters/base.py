"""The contract of an adapter: load a model once, turn a batch into vectors. Everything else is the worker's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from matterzoo_adapters.batch import AtomsBatch, BackboneBatch, Batch, GridBatch, TextBatch
from matterzoo_schemas.columns import Array

__all__ = [
    "Adapter", "AtomsAdapter", "AtomsBatch", "BackboneAdapter", "BackboneBatch", "Batch", "Embedding", "GridAdapter",
    "GridBatch", "Setup", "TextAdapter", "TextBatch", "Tokens",
]  # fmt: skip


@dataclass(frozen=True)
class Setup:
    """All that a worker is told before it starts: the resolved card and the choices of this run.

    Parameters
    ----------
    model
        The model's id.
    card
        The card as the host validated it.
    adapter
        `<family>:<class>` as on the card, or `/path/to/file.py:<class>` for a private zoo's.
    options
        The card's options with the user's choices (MACE head, UMA task, SevenNet modal, …).
    device
        `cpu` or `cuda`.
    weights
        The checkpoint's file or folder, as the worker sees it; None where the package carries it or there is none.
    layers
        Layers to write, in this order.
    pooling
        `mean`, `sum`, `max`, `first` or `last`.
    nodes
        Whether node vectors are written too.
    node_budget
        Most nodes (atoms, residues, tokens) in one batch.
    seed, threads
        Of every random generator, and of every thread pool.
    """

    model: str
    card: Mapping[str, Any]
    adapter: str
    layers: Sequence[str]
    options: Mapping[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    weights: str | None = None
    pooling: str = "mean"
    nodes: bool = False
    node_budget: int = 2000
    seed: int = 0
    threads: int = 1

    @property
    def random_weights(self) -> bool:
        """Whether the card asks for weights from the package's own constructor instead of a checkpoint."""
        return bool(self.card["checkpoint"]["source"] == "none")

    @property
    def checkpoint(self) -> Path:
        """The checkpoint's file or folder.

        Raises
        ------
        FileNotFoundError
            If the run was given none.
        """
        if self.weights is None:
            raise FileNotFoundError(f"{self.model} needs its checkpoint, and none was mounted")
        return Path(self.weights)


@dataclass(frozen=True, eq=False)
class Embedding:
    """A model's answer to one batch. Arrays may be NumPy's or the backend's, on any device.

    Parameters
    ----------
    layers
        Node vectors [Σ nᵢ, d] by layer, or one vector a record [n, d] if `per_record`.
    energy
        Predicted energy [n] in eV.
    offsets, index
        Where the model's nodes are not the input's (tokens, heavy atoms): offsets [n+1] into the rows, and which
        atom, residue or character each row is [Σ nᵢ].
    per_record
        The model has no nodes: the layers are already one vector a record.
    weights
        What each node counts in the mean over nodes [Σ nᵢ], where not all are alike (patches by their area on the
        sphere).
    """

    layers: Mapping[str, Any]
    energy: Any | None = None
    offsets: npt.NDArray[np.int64] | None = None
    index: npt.NDArray[np.int64] | None = None
    per_record: bool = False
    weights: npt.NDArray[np.float64] | None = None


BatchType = TypeVar("BatchType", bound=Batch)


@dataclass(frozen=True)
class Tokens:
    """A string as a model reads it.

    Parameters
    ----------
    ids
        What the model is given, special tokens included.
    nodes
        Which of them stand for the string itself.
    index
        The character where each of those begins.
    """

    ids: list[int]
    nodes: list[int]
    index: list[int]


class Adapter(ABC, Generic[BatchType]):
    """One model behind the contract.

    A family's file subclasses one of the four below, and needs no more than `load` and `embed`.
    """

    batch_type: ClassVar[type[Batch]]
    backend: ClassVar[str] = "torch"
    """Who answers for device, seed, determinism and memory: `torch`, `jax`, `tensorflow` or `none`."""
    padded: ClassVar[bool] = False
    """Whether a batch costs its longest member times its length (transformers), or the sum (graphs)."""

    def __init__(self, setup: Setup, device: Any) -> None:
        self.setup = setup
        self.device = device

    @abstractmethod
    def load(self) -> None:
        """Load the checkpoint (or, if `self.setup.random_weights`, build it random) onto `self.device`."""

    @abstractmethod
    def embed(self, batch: BatchType) -> Embedding:
        """Return the vectors of a batch; never change the batch."""

    def refuse(self, batch: BatchType) -> dict[int, str]:
        """Return the rows this model cannot take, each with the reason, beyond what the card's domain says."""
        del batch
        return {}

    def weights(self) -> Mapping[str, Array]:
        """Return every learned array by name; what the fingerprint of the loaded weights is computed from.

        The default serves an adapter whose `self.model` is a torch module; a model without weights returns nothing.
        """
        model = getattr(self, "model", None)
        if model is None:
            return {}
        return {name: tensor.detach().cpu().numpy() for name, tensor in model.state_dict().items()}


class AtomsAdapter(Adapter[AtomsBatch]):
    """A model of atoms in space."""

    batch_type = AtomsBatch


class TextAdapter(Adapter[TextBatch]):
    """A model of strings."""

    batch_type = TextBatch
    padded = True

    def tokens(self, strings: Sequence[str]) -> list[Tokens] | None:
        """Return strings as the model reads them; None of a model that reads no tokens."""
        del strings
        return None

    @property
    def blind(self) -> frozenset[int]:
        """The ids that say nothing of a string: unknown, and padding."""
        return frozenset()


class BackboneAdapter(Adapter[BackboneBatch]):
    """A model of protein structures; its nodes are residues."""

    batch_type = BackboneBatch


class GridAdapter(Adapter[GridBatch]):
    """A model of fields on the globe; its nodes are its own, so `embed` returns offsets and index.

    The index of a patch is that of its first cell in the flat array [latent levels, latitudes, longitudes], from north
    to south (one level where the model has none); that of a mesh node is its number on the model's mesh.
    """

    batch_type = GridBatch
