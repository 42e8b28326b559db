"""Rules of models of atoms: which structures they take, and the symmetries of space."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np

from matterzoo_adapters.conformance import structures as made
from matterzoo_adapters.conformance.common import answers_or_refuses, farthest, floor_of, said, told_apart
from matterzoo_adapters.conformance.rule import Card, Layers, Rule, Seen
from matterzoo_adapters.conformance.samples import samples_of
from matterzoo_adapters.conformance.subject import Subject, apart
from matterzoo_schemas.elements import SYMBOLS
from matterzoo_schemas.shard import Status
from matterzoo_schemas.views import Structure

Operation = Callable[[Structure], Structure]
SCALARS = frozenset({"invariant"})
ROTATED_SCALARS = SCALARS | {"rotation-invariant"}
ANY_TENSORS = ROTATED_SCALARS | {"equivariant"}
CLOSE = 0.2
"""A distance in Å that no two nuclei have; the worker itself refuses atoms at one place."""
HEAVIEST = len(SYMBOLS) - 1


def _single_atom(subject: Subject, _layers: Layers) -> Seen:
    number = made.elements_of(subject.card["domain"])[0]
    lone = made.molecule(SYMBOLS[number], [[0, 0, 0]])
    kinds = {"a single atom": lone} if subject.card["domain"]["non_periodic"] else {}
    if subject.card["domain"]["periodic"]:
        kinds["one atom a cell"] = made.element(number, periodic=True)
    return answers_or_refuses(subject, kinds)


def _huge_cell(subject: Subject, _layers: Layers) -> Seen:
    first = next(iter(samples_of(subject.card).values()))
    return answers_or_refuses(subject, {"a cell of 40 Å": made.in_huge_cell(first)})


def _of_kind(*, periodic: bool) -> Callable[[Subject, Layers], Seen]:
    """Make the measure of a rule: structures of this kind are embedded if the card says so, and else refused."""

    def measure(subject: Subject, layers: Layers) -> Seen:
        del layers
        domain = subject.card["domain"]
        kinds = made.structures({**domain, "periodic": periodic, "non_periodic": not periodic})
        answer = subject.try_ask(kinds)
        wanted = Status.OK if domain["periodic" if periodic else "non_periodic"] else Status.UNSUPPORTED
        for name, status, reason in zip(kinds, answer.status.tolist(), answer.reason, strict=True):
            if status != wanted:
                return Seen(f"{name}: {Status(status).name.lower()}: {reason}", passed=False)
        return Seen("embedded" if wanted is Status.OK else "refused, as the card says", passed=True)

    return measure


def _too_close(subject: Subject, _layers: Layers) -> Seen:
    name, good = next(iter(samples_of(subject.card).items()))
    same, close = (made.with_neighbour(good, distance) for distance in (1e-4, CLOSE))
    answer = subject.try_ask({name: good, "two atoms at one place": same})
    if answer.status[1] != Status.INVALID:
        return Seen("two atoms at one place are not refused", passed=False)
    if answer.status[0] != Status.OK:
        return Seen(f"the bad record costs {name} its vector", passed=False)
    return answers_or_refuses(subject, {f"two atoms {CLOSE} Å apart": close})


def _unsupported_element(subject: Subject, layers: Layers) -> Seen:
    name, good = next(iter(samples_of(subject.card).items()))
    known = set(made.elements_of(subject.card["domain"]))
    foreign = next((number for number in range(1, HEAVIEST + 1) if number not in known), HEAVIEST)
    symbol = SYMBOLS[foreign]
    answer = subject.try_ask({name: good, symbol: made.with_last_atom(good, foreign)})
    wanted = (Status.OK, Status.UNSUPPORTED) if foreign in known else (Status.UNSUPPORTED,)
    if answer.status[1] not in wanted:
        became = Status(int(answer.status[1])).name.lower()
        return Seen(f"a record with {symbol} is {became}: {answer.reason[1]}", passed=False)
    alone = subject.ask({name: good})
    beside = answer.take(np.array([0]))
    distance = max(apart(alone.layers[la].pooled[0], beside.layers[la].pooled[0]) for la in layers)
    if not distance <= floor_of(subject):
        return Seen(f"a record with {symbol} changes its neighbour by {distance:.1e}", passed=False)
    return Seen(f"a record with {symbol} is {Status(int(answer.status[1])).name.lower()}, alone", passed=True)


def _elements(subject: Subject, layers: Layers) -> Seen:
    domain = subject.card["domain"]
    samples = {SYMBOLS[z]: made.element(z, periodic=domain["periodic"]) for z in made.elements_of(domain)}
    if "H" in samples and len(samples) > 1 and _leaves_hydrogen_out(subject):
        del samples["H"]
    answer = subject.ask(samples)
    if len(samples) == 1:
        return Seen("one element", passed=True)
    pooled = [np.asarray(answer.layers[layer].pooled) for layer in layers]
    pairs = combinations(enumerate(samples), 2)
    distances = {f"{a} and {b}": min(apart(p[i], p[j]) for p in pooled) for (i, a), (j, b) in pairs}
    return told_apart(distances, floor_of(subject))


def _leaves_hydrogen_out(subject: Subject) -> bool:
    """Tell whether the model takes hydrogen without having a vector for it, as models of heavy atoms do."""
    domain = subject.card["domain"]
    heavy = next(number for number in made.elements_of(domain) if number > 1)
    bonded = made.with_last_atom(made.element(heavy, periodic=False), 1)
    answer = subject.try_ask({"bonded hydrogen": bonded})
    return answer.nodes is not None and answer.status[0] == Status.OK and 1 not in answer.nodes.index


def _under(operation: Operation, *, periodic_only: bool = False) -> Callable[[Subject, Layers], Seen]:
    """Make the measure of a rule: the operation changes no vector and no energy."""

    def measure(subject: Subject, layers: Layers) -> Seen:
        samples = _chosen(subject, periodic_only=periodic_only)
        moved = {name: operation(atoms) for name, atoms in samples.items()}
        return farthest(*(said(asked, subject.ask(asked), layers) for asked in (samples, moved)))

    return measure


def _chosen(subject: Subject, *, periodic_only: bool) -> dict[str, Structure]:
    samples: dict[str, Structure] = samples_of(subject.card)
    return {name: atoms for name, atoms in samples.items() if atoms.pbc.any() or not periodic_only}


def _permutation(subject: Subject, layers: Layers) -> Seen:
    samples = samples_of(subject.card)
    moved = {name: made.permuted(atoms)[0] for name, atoms in samples.items()}
    told, again = (said(asked, subject.ask(asked), layers) for asked in (samples, moved))
    for name, values in told.items():
        order = made.permuted(samples[name.rpartition(", ")[0]])[1]
        if len(values) == len(order) > 1:
            told[name] = values[order]
        elif not _is_energy(name):  # one vector a record, or none for hydrogens: the mean stays
            told[name], again[name] = (v.mean(axis=0, keepdims=True) for v in (values, again[name]))
    return farthest(told, again)


def _supercell(subject: Subject, layers: Layers) -> Seen:
    told, doubled = _doubled(subject, layers)
    for name, values in told.items():
        if len(doubled[name]) != len(values):
            told[name] = np.tile(values, (2, 1))
    return farthest({n: v for n, v in told.items() if not _is_energy(n)}, doubled)


def _extensive(subject: Subject, layers: Layers) -> Seen:
    told, doubled = _doubled(subject, layers)
    return farthest({name: 2 * values for name, values in told.items() if _is_energy(name)}, doubled)


def _doubled(subject: Subject, layers: Layers) -> tuple[dict[str, Any], dict[str, Any]]:
    samples = _chosen(subject, periodic_only=True)
    larger = {name: made.doubled(atoms) for name, atoms in samples.items()}
    return said(samples, subject.ask(samples), layers), said(larger, subject.ask(larger), layers)


def _is_energy(name: str) -> bool:
    return name.endswith(", energy")


def _sees_geometry(subject: Subject, layers: Layers) -> Seen:
    samples = samples_of(subject.card)
    moved = {name: made.strained(atoms) for name, atoms in samples.items()}
    told, again = (said(asked, subject.ask(asked), layers) for asked in (samples, moved))
    return told_apart(
        {name: apart(v, again[name]) for name, v in told.items() if not _is_energy(name)}, floor_of(subject)
    )


def periodic(card: Card) -> bool:
    """Tell whether the model takes crystals."""
    return bool(card["domain"]["periodic"])


def periodic_with_energy(card: Card) -> bool:
    """Tell whether the model predicts energies of crystals."""
    return periodic(card) and bool(card["energy"]["available"])


RULES = (
    Rule("single-atom", "mandatory", "one atom has a vector, or is refused with a reason", _single_atom),
    Rule("huge-cell", "mandatory", "atoms in a huge cell have a vector, or are refused with a reason", _huge_cell,
         concerns=periodic),
    Rule("no-periodicity", "mandatory", "molecules are embedded if the card says so, and else refused",
         _of_kind(periodic=False)),
    Rule("periodicity", "mandatory", "crystals are embedded if the card says so, and else refused",
         _of_kind(periodic=True)),
    Rule("too-close", "mandatory", "atoms at one place are refused; closer than nuclei can be, embedded or refused",
         _too_close),
    Rule("unsupported-element", "mandatory", "a foreign element costs its own record only", _unsupported_element),
    Rule("elements", "consistency", "every element of the card's domain has a vector of its own", _elements),
    Rule("translation", "consistency", "a shift changes nothing", _under(made.translated), "symmetry",
         symmetries=ANY_TENSORS),
    Rule("rotation", "consistency", "a rotation changes nothing", _under(made.rotated), "symmetry",
         symmetries=ROTATED_SCALARS),
    Rule("reflection", "consistency", "a reflection changes nothing", _under(made.reflected), "symmetry",
         symmetries=SCALARS),
    Rule("permutation", "consistency", "atoms in another order have the same vectors, in that order", _permutation,
         "symmetry", symmetries=ANY_TENSORS),
    Rule("lattice-wrap", "consistency", "an atom moved by a lattice vector changes nothing",
         _under(made.wrapped_elsewhere, periodic_only=True), "symmetry", periodic, ANY_TENSORS),
    Rule("supercell", "consistency", "two cells as one have the same vectors, twice", _supercell, "symmetry",
         periodic, ANY_TENSORS),
    Rule("energy-extensive", "consistency", "two cells as one have twice the energy", _extensive, "symmetry",
         periodic_with_energy),
    Rule("sees-geometry", "informational", "a strain of 5 % changes the vector", _sees_geometry),
)  # fmt: skip
"""Asked of models of atoms."""
