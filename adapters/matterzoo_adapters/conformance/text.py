"""Rules of models of strings."""

from __future__ import annotations

from matterzoo_adapters.conformance.rule import Layers, Rule, Seen
from matterzoo_adapters.conformance.samples import samples_of
from matterzoo_adapters.conformance.subject import Subject
from matterzoo_schemas.shard import Status


def _empty(subject: Subject, _layers: Layers) -> Seen:
    name, good = next(iter(samples_of(subject.card).items()))
    answer = subject.try_ask({name: good, "an empty string": "", "a blank": " "})
    if answer.status[1] != Status.INVALID:
        return Seen("an empty string is not refused", passed=False)
    if answer.status[0] != Status.OK:
        return Seen(f"an empty string costs {name} its vector", passed=False)
    if answer.status[2] not in (Status.OK, Status.UNSUPPORTED):
        became = Status(int(answer.status[2])).name.lower()
        return Seen(f"a blank is neither embedded nor refused but {became}: {answer.reason[2]}", passed=False)
    zero = answer.status[2] == Status.OK and not any(layer.pooled[2].any() for layer in answer.layers.values())
    return Seen("a blank has a vector of zeros" if zero else "refused, alone", passed=not zero)


RULES = (
    Rule("empty-string", "mandatory", "an empty string is refused, a blank embedded or refused; neither costs another",
         _empty),
)  # fmt: skip
"""Asked of models of strings."""
