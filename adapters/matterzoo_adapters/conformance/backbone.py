"""Rules of models of protein backbones: which chains they take, and the symmetries of space."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from matterzoo_adapters.conformance import chains as made
from matterzoo_adapters.conformance.atoms import ANY_TENSORS, ROTATED_SCALARS, SCALARS
from matterzoo_adapters.conformance.common import answers_or_refuses, farthest, floor_of, said, told_apart
from matterzoo_adapters.conformance.rule import Layers, Rule, Seen
from matterzoo_adapters.conformance.samples import samples_of
from matterzoo_adapters.conformance.subject import Subject, apart
from matterzoo_schemas.shard import Status


def _few(subject: Subject, _layers: Layers) -> Seen:
    """See that nothing is refused, and one or two residues are taken or refused."""
    name, good = next(iter(samples_of(subject.card).items()))
    nowhere = np.full_like(good, np.nan)
    answer = subject.try_ask({name: good, "no residue": good[:0], "a chain without coordinates": nowhere})
    if answer.status[0] != Status.OK:
        return Seen(f"what is no chain costs {name} its vector", passed=False)
    for kind, status in zip(("no residue", "no coordinates"), answer.status[1:], strict=True):
        if status != Status.INVALID:
            return Seen(f"a chain with {kind} is not refused", passed=False)
    return answers_or_refuses(subject, {f"{few} of a helix": made.chain([made.HELIX] * few) for few in (1, 2)})


def _missing_atom(subject: Subject, layers: Layers) -> Seen:
    """See that a residue without an atom is taken, or refused, and costs no other record anything."""
    name, good = next(iter(samples_of(subject.card).items()))
    holed = {f"a residue without {atom}": made.lacking(good, atom) for atom in ("N", "C", "O")}
    answer = subject.try_ask({name: good, **holed})
    alone = subject.ask({name: good})
    distance = max(apart(alone.layers[la].pooled[0], answer.layers[la].pooled[0]) for la in layers)
    if not distance <= floor_of(subject):
        return Seen(f"an atom that is missing changes its neighbour by {distance:.1e}", passed=False)
    return answers_or_refuses(subject, holed)


def _gap(subject: Subject, _layers: Layers) -> Seen:
    whole = samples_of(subject.card)["helix"]
    gaps = {"a chain with a break": made.broken(whole), "a residue that was not seen": made.without_residue(whole)}
    return answers_or_refuses(subject, gaps)


def _under(operation: Callable[[made.Backbone], made.Backbone]) -> Callable[[Subject, Layers], Seen]:
    """Make the measure of a rule: the operation changes no vector."""

    def measure(subject: Subject, layers: Layers) -> Seen:
        samples = samples_of(subject.card)
        moved = {name: operation(backbone) for name, backbone in samples.items()}
        return farthest(*(said(asked, subject.ask(asked), layers) for asked in (samples, moved)))

    return measure


def _sees_folds(subject: Subject, layers: Layers) -> Seen:
    """See that a helix differs from a strand of its length, and from itself with its halves apart."""
    samples = samples_of(subject.card)
    asked = {"helix": samples["helix"], "strand": samples["strand"], "broken": made.broken(samples["helix"])}
    answer = subject.try_ask(asked)
    told = [row for row, status in enumerate(answer.status.tolist()) if status == Status.OK]
    names = list(asked)
    pairs = {
        f"helix and {names[row]}": min(
            apart(answer.layers[la].pooled[0], answer.layers[la].pooled[row]) for la in layers
        )
        for row in told[1:]
    }
    return told_apart(pairs, floor_of(subject))


RULES = (
    Rule("few-residues", "mandatory", "a chain without residues or coordinates is refused; one of a residue or two is"
         " taken, or refused with a reason", _few),
    Rule("missing-atom", "mandatory", "a residue that lacks an atom is taken or refused, alone", _missing_atom),
    Rule("chain-break", "mandatory", "a chain with a gap has a vector, or is refused with a reason", _gap),
    Rule("translation", "consistency", "a shift changes nothing", _under(made.translated), "symmetry",
         symmetries=ANY_TENSORS),
    Rule("rotation", "consistency", "a rotation changes nothing", _under(made.rotated), "symmetry",
         symmetries=ROTATED_SCALARS),
    Rule("reflection", "consistency", "a reflection changes nothing", _under(made.reflected), "symmetry",
         symmetries=SCALARS),
    Rule("sees-folds", "informational", "a helix, a strand and a broken helix have different vectors", _sees_folds),
)  # fmt: skip
"""Asked of models of backbones."""
