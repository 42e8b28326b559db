"""Rules of models of amino-acid sequences: residues that nobody knows, breaks in a chain, very long ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from matterzoo_adapters.conformance.common import answers_or_refuses, floor_of
from matterzoo_adapters.conformance.rule import Layers, Rule, Seen
from matterzoo_adapters.conformance.samples import samples_of
from matterzoo_adapters.conformance.subject import Subject, apart
from matterzoo_schemas.shard import Status

LONG = 10_000
"""Residues of a very long protein."""
UNUSUAL = {
    "selenocysteine": "MKTUYIAKQR", "pyrrolysine": "MKTOYIAKQR", "an unknown residue": "MKTXYIAKQR",
    "D or N": "MKTBYIAKQR", "E or Q": "MKTZYIAKQR", "I or L": "MKTJYIAKQR", "a stop": "MKTAYIAKQR*",
    "a gap": "MKT-YIAKQR", "small letters": "mktayiakqr", "a digit": "MKT1YIAKQR",
}  # fmt: skip
"""Sequences beyond the twenty letters, as files hold them."""
BREAKS = {"a chain break |": "MKTAY|IAKQR", "a chain break :": "MKTAY:IAKQR", "a chain break /": "MKTAY/IAKQR"}


def _only_their_own(questions: Mapping[str, str], subject: Subject, layers: Layers) -> Seen:
    """See that each has a vector or is refused, and that none changes the sequence beside it."""
    name, good = next(iter(samples_of(subject.card).items()))
    beside, alone = subject.try_ask({name: good, **questions}), subject.ask({name: good})
    distance = max(apart(alone.layers[la].pooled[0], beside.layers[la].pooled[0]) for la in layers)
    if not distance <= floor_of(subject):
        return Seen(f"they change the sequence beside them by {distance:.1e}", passed=False)
    return answers_or_refuses(subject, questions)


def _unusual(subject: Subject, layers: Layers) -> Seen:
    return _only_their_own(UNUSUAL, subject, layers)


def _breaks(subject: Subject, layers: Layers) -> Seen:
    return _only_their_own(BREAKS, subject, layers)


def _long(subject: Subject, _layers: Layers) -> Seen:
    """See that a sequence is embedded whole, cut because that was asked for, or refused: never cut in silence."""
    letters = "".join(samples_of(subject.card).values())
    long = (letters * (LONG // len(letters) + 1))[:LONG]
    answer = subject.try_ask({"long": long})
    status = Status(int(answer.status[0]))
    if status in (Status.UNSUPPORTED, Status.OUT_OF_MEMORY):
        return Seen(f"{LONG:,} residues are refused: {answer.reason[0]}", passed=True)
    if status is not Status.OK:
        return Seen(f"{LONG:,} residues: {status.name.lower()}: {answer.reason[0]}", passed=False)
    if answer.nodes is None or subject.engine.adapter.setup.options.get("truncation") == "on":
        return Seen(f"{LONG:,} residues have a vector", passed=True)
    last = int(np.max(answer.nodes.index, initial=-1))
    return Seen(
        f"{LONG:,} residues have a vector, the last of them that of residue {last + 1:,}", passed=last >= LONG - 2
    )


RULES = (
    Rule("unusual-residues", "mandatory", "letters beyond the twenty are embedded or refused, alone",
         _unusual),
    Rule("sequence-break", "mandatory", "a break written into a sequence is embedded or refused, alone",
         _breaks),
    Rule("long-sequence", "mandatory", "10,000 residues are embedded whole or refused; cut only if that was asked for",
         _long),
)  # fmt: skip
"""Asked of models of sequences."""
