"""Rules that concern every modality: the answer belongs to the record, and to nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from matterzoo_adapters.conformance.rule import Layers, Rule, Seen
from matterzoo_adapters.conformance.samples import samples_of, size_of
from matterzoo_adapters.conformance.subject import Subject, apart, vectors
from matterzoo_schemas.shard import Embeddings, Status
from matterzoo_schemas.views import Grid

LEAST = 1e-6
"""Vectors closer than this, relative to their norm, are not told apart."""


def said(samples: Mapping[str, Any], answer: Embeddings, layers: Layers) -> dict[str, npt.NDArray[np.float64]]:
    """Return all that was answered, by record and layer: node vectors [nᵢ, d] (or [1, d]), energies [1] in eV."""
    names = list(samples)
    told = {
        f"{name}, layer {layer}": v for layer in layers for name, v in zip(names, vectors(answer, layer), strict=True)
    }
    if answer.energy is not None:
        told |= {f"{name}, energy": answer.energy[row : row + 1] for row, name in enumerate(names)}
    return told


def farthest(first: Mapping[str, npt.NDArray[np.float64]], second: Mapping[str, npt.NDArray[np.float64]]) -> Seen:
    """Compare two answers to the same questions, all that the first one holds."""
    distances = {name: apart(values, second[name]) for name, values in first.items()}
    worst = max(distances, key=lambda name: distances[name])
    return Seen(f"largest for {worst}" if distances[worst] else "no difference", distances[worst])


def told_apart(seen: Mapping[str, float], floor: float) -> Seen:
    """Judge the smallest of some distances: it must be above the floor."""
    pair = min(seen, key=lambda name: seen[name])
    return Seen(f"nearest: {pair}, {seen[pair]:.1e} apart", seen[pair], seen[pair] > floor)


def floor_of(subject: Subject) -> float:
    """Return the distance below which two vectors could be the same one, computed in other company."""
    return max(10 * float(subject.card["tolerances"]["batch"]), LEAST)


def answers_or_refuses(subject: Subject, samples: Mapping[str, Any]) -> Seen:
    """See that each has a vector or is refused with a reason: never an exception, never a number that is none."""
    answer = subject.try_ask(samples)
    said_of = zip(samples, answer.status.tolist(), answer.reason, strict=True)
    results = [(name, Status(status), reason) for name, status, reason in said_of]
    for name, status, reason in results:
        if status not in (Status.OK, Status.UNSUPPORTED):
            return Seen(f"{name}: {status.name.lower()}: {reason}", passed=False)
    refused = [f"{name} is refused: {reason}" for name, status, reason in results if status != Status.OK]
    return Seen("; ".join(refused) or "it has a vector", passed=True)


def _finite(subject: Subject, layers: Layers) -> Seen:
    samples = samples_of(subject.card)
    answer = subject.ask(samples)
    zero = [name for row, name in enumerate(samples) if not any(answer.layers[la].pooled[row].any() for la in layers)]
    if zero:
        return Seen(f"a vector of zeros for {zero[0]}", passed=False)
    return Seen(f"{len(samples)} records of the card's domain have finite vectors", passed=True)


def _repeat(subject: Subject, layers: Layers) -> Seen:
    samples = samples_of(subject.card)
    return farthest(*(said(samples, subject.ask(samples), layers) for _ in range(2)))


def _composition(subject: Subject, layers: Layers) -> Seen:
    samples = samples_of(subject.card)
    return farthest(*(said(samples, subject.ask(samples, alone=alone), layers) for alone in (True, False)))


def _order(subject: Subject, layers: Layers) -> Seen:
    samples = samples_of(subject.card)
    backwards = dict(reversed(samples.items()))
    return farthest(*(said(asked, subject.ask(asked), layers) for asked in (samples, backwards)))


def _padding(subject: Subject, layers: Layers) -> Seen:
    samples = samples_of(subject.card)
    small, *_, large = sorted(samples, key=lambda name: size_of(samples[name]))
    questions = [{name: samples[name] for name in names} for names in ((small,), (small, large))]
    seen = farthest(*(said(asked, subject.ask(asked), layers) for asked in questions))
    return Seen(f"{seen.message}, beside {large}", seen.value)


def _nodes(subject: Subject, layers: Layers) -> Seen:
    del layers
    samples = samples_of(subject.card)
    answer = subject.ask(samples)
    if answer.nodes is None:
        return Seen("the worker wrote no node vectors", passed=False)
    pieces = np.split(answer.nodes.index, answer.nodes.offsets[1:-1])
    for (name, content), index in zip(samples.items(), pieces, strict=True):
        if problem := node_problem(content, index):
            return Seen(f"{name}: {problem}", passed=False)
    return Seen(f"{len(answer.nodes.index)} nodes of {len(samples)} records", passed=True)


def node_problem(content: Any, index: np.ndarray[Any, Any]) -> str:
    """Say what is wrong with a record's nodes: foreign, twice, or missing (hydrogens may be); empty if nothing is."""
    if isinstance(content, Grid):  # its nodes are the model's own
        twice = len(np.unique(index)) != len(index)
        return "two nodes have one index" if twice else "no nodes" if len(index) == 0 or index.min() < 0 else ""
    size = size_of(content)
    if len(index) == 0 or index.min() < 0 or index.max() >= size:
        return f"{len(index)} nodes that are not all of its {size}"
    if isinstance(content, str):
        return ""
    if len(np.unique(index)) != len(index):
        return "an atom or a residue has two vectors"
    missing = np.setdiff1d(np.arange(size), index)
    if isinstance(content, np.ndarray):
        return f"{len(missing)} of {size} residues have no vector" if len(missing) else ""
    if len(missing) and np.any(content.numbers[missing] != 1):
        return f"{len(missing)} of {size} atoms have no vector"
    return ""


def _untouched(subject: Subject, layers: Layers) -> Seen:
    del layers
    changed = subject.changes(samples_of(subject.card))
    return Seen(f"changed: {', '.join(changed)}" if changed else "the input is as before", passed=not changed)


def _distinct(subject: Subject, layers: Layers) -> Seen:
    samples = samples_of(subject.card)
    answer = subject.ask(samples)
    distances = {}
    for (row, one), (column, other) in combinations(enumerate(samples), 2):
        if one.partition(" ")[0] != other.partition(" ")[0]:
            both = (answer.layers[layer].pooled[[row, column]] for layer in layers)
            distances[f"{one} and {other}"] = min(apart(first, second) for first, second in both)
    return told_apart(distances, floor_of(subject))


def has_nodes(card: Mapping[str, Any]) -> bool:
    """Tell whether the model gives a vector a node."""
    return all(layer["level"] == "node" for layer in card["embedding"]["layers"])


RULES = (
    Rule("finite", "mandatory", "every record of the card's domain has a finite vector that is not zero", _finite),
    Rule("nodes", "mandatory", "as many nodes come out as went in (of a string: tokens within it)", _nodes,
         concerns=has_nodes),
    Rule("repeat", "mandatory", "the same question has the same answer", _repeat, "repeat"),
    Rule("batch-composition", "mandatory", "an answer does not depend on the others in its batch", _composition,
         "batch"),
    Rule("batch-order", "mandatory", "an answer does not depend on the batch's order", _order, "batch"),
    Rule("padding", "mandatory", "a small record's answer does not depend on a large one beside it", _padding,
         "batch"),
    Rule("input-untouched", "mandatory", "the adapter does not change its input", _untouched),
    Rule("not-constant", "mandatory", "different records have different vectors", _distinct),
)  # fmt: skip
"""Asked of every model."""
