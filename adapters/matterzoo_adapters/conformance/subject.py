"""The model under test, asked as in every run: through the worker's engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from matterzoo_adapters.base import Adapter
from matterzoo_adapters.worker.engine import Announce, Engine
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.shard import Embeddings, Status

Vectors = list[npt.NDArray[np.float64]]
"""Node vectors [nᵢ, d] of each record, or its one vector [1, d] where the model has no nodes."""


class Unanswered(Exception):
    """A record of the model's own domain got no vector."""


@dataclass(frozen=True)
class Subject:
    """A loaded model.

    Parameters
    ----------
    engine
        The worker's, with the adapter loaded.
    announce
        Told which records run now, so that the harness knows what killed the worker.
    rule
        Who asks; part of the records' ids.
    """

    engine: Engine
    announce: Announce
    rule: str = ""

    @property
    def card(self) -> Mapping[str, Any]:
        """The card as the host validated it."""
        return self.engine.adapter.setup.card

    @cached_property
    def layers(self) -> dict[str, str]:
        """Layer → the symmetry that its card declares, of the layers that this run writes."""
        declared = {layer["name"]: layer["symmetry"] for layer in self.card["embedding"]["layers"]}
        return {name: declared[name] for name in self.engine.adapter.setup.layers}

    def try_ask(self, samples: Mapping[str, Any], *, alone: bool = False) -> Embeddings:
        """Embed samples (structures or strings by name) in one batch, or in a batch of one each."""
        records = self._records(samples)
        return self.engine.run(records, self.announce, {}, {}, range(len(records)) if alone else ())

    def ask(self, samples: Mapping[str, Any], *, alone: bool = False) -> Embeddings:
        """Embed samples that the model must be able to take.

        Raises
        ------
        Unanswered
            Naming the first that has no vector, and the reason.
        """
        answer = self.try_ask(samples, alone=alone)
        for name, status, reason in zip(samples, answer.status.tolist(), answer.reason, strict=True):
            if status != Status.OK:
                raise Unanswered(f"{name}: {Status(status).name.lower()}: {reason}")
        return answer

    def changes(self, samples: Mapping[str, Any]) -> list[str]:
        """Hand samples to the adapter itself, and name those that are not the same afterwards."""
        records = self._records(samples)
        before = [records.views[self.card["view"]].content(row) for row in range(len(records))]
        batch = self.engine.adapter.batch_type(records, self.card["view"])
        self.engine.adapter.refuse(batch)
        self.engine.adapter.embed(batch)
        column = records.views[self.card["view"]]
        return [name for row, name in enumerate(samples) if column.content(row) != before[row]]

    def rebuilt(self, *, seed: int | None = None, random: bool = False) -> Subject:
        """Load the same model again: with another seed, or untrained, as its constructor draws it (maybe smaller)."""
        adapter: Adapter[Any] = self.engine.adapter
        setup, backend = adapter.setup, self.engine.backend
        if random:
            layers = [{**layer, "dim": None} for layer in setup.card["embedding"]["layers"]]
            untrained = {
                **setup.card,
                "checkpoint": {**setup.card["checkpoint"], "source": "none"},
                "embedding": {**setup.card["embedding"], "layers": layers},
            }
            setup = replace(setup, card=untrained)  # a folder may hold the authors' code, too
        setup = replace(setup, seed=setup.seed if seed is None else seed)
        again = type(adapter)(setup, backend.prepare(setup.device, setup.seed, setup.threads))
        again.load()
        backend.prepare(setup.device, adapter.setup.seed, setup.threads)
        return Subject(Engine(again, backend), self.announce, self.rule)

    def _records(self, samples: Mapping[str, Any]) -> Records:
        view = self.card["view"]
        return Records.of(Sample(f"{self.rule}/{name}", {view: content}) for name, content in samples.items())


def vectors(answer: Embeddings, layer: str) -> Vectors:
    """Return each record's node vectors [nᵢ, d], or its pooled one [1, d] where there are no nodes."""
    nodes = answer.layers[layer].nodes
    if nodes is None or answer.nodes is None or len(nodes) == 0:
        return list(answer.layers[layer].pooled.astype(np.float64)[:, None])
    return np.split(nodes.astype(np.float64), answer.nodes.offsets[1:-1])


def apart(first: npt.NDArray[np.floating], second: npt.NDArray[np.floating]) -> float:
    """Return how far two answers lie apart, relative to the first's norm; infinite if they cannot be compared.

    Numbers by themselves are energies: one below 1 eV is compared as if it were 1 eV.
    """
    if first.shape != second.shape:
        return float("inf")
    smallest = 1.0 if first.shape == (1,) else float(np.finfo(np.float32).tiny)
    scale = max(float(np.linalg.norm(first)), smallest)
    distance = float(np.linalg.norm(first.astype(np.float64) - second.astype(np.float64))) / scale
    return distance if np.isfinite(distance) else float("inf")
