"""Rules of models of fields on latitudes and longitudes."""

from __future__ import annotations

from matterzoo_adapters.conformance.common import farthest, said
from matterzoo_adapters.conformance.fields import from_south, in_disorder, turned, with_another, with_holes, without
from matterzoo_adapters.conformance.rule import Card, Layers, Rule, Seen
from matterzoo_adapters.conformance.samples import samples_of
from matterzoo_adapters.conformance.subject import Subject, apart
from matterzoo_schemas.shard import Status

REFUSED = (Status.INVALID, Status.UNSUPPORTED)


def _missing(subject: Subject, _layers: Layers) -> Seen:
    (name, good), *_ = samples_of(subject.card).items()
    lost = str(good.fields[0])
    answer = subject.try_ask({name: good, "a field less": without(good, 0), "holes": with_holes(good, 0)})
    if answer.status[0] != Status.OK:
        return Seen(f"what {lost} lacks elsewhere costs {name} its vector", passed=False)
    if answer.status[1] == Status.OK and (subject.card["domain"].get("grid") is None):
        return Seen("takes the fields that there are", passed=answer.status[2] in REFUSED)
    for row, what in ((1, "missing"), (2, "with holes")):
        status = Status(int(answer.status[row]))
        if status not in REFUSED or lost not in answer.reason[row]:
            return Seen(f"{lost} {what}: {status.name.lower()}: {answer.reason[row]}", passed=False)
    return Seen(f"refused: {answer.reason[1]}", passed=True)


def _another(subject: Subject, layers: Layers) -> Seen:
    samples = samples_of(subject.card)
    more = {name: with_another(grid) for name, grid in samples.items()}
    return farthest(said(samples, subject.ask(samples), layers), said(more, subject.ask(more), layers))


def _order(subject: Subject, layers: Layers) -> Seen:
    (name, good), *_ = samples_of(subject.card).items()
    asked = {name: good, "from south": from_south(good), "in disorder": in_disorder(good)}
    answer = subject.try_ask(asked)
    if answer.status[0] != Status.OK or answer.status[2] not in REFUSED:
        return Seen("latitudes in disorder are not refused", passed=False)
    if answer.status[1] in REFUSED:
        return Seen(f"refused: {answer.reason[1]}", passed=True)
    one, other = ({name: grid} for grid in (good, from_south(good)))
    return farthest(said(one, subject.ask(one), layers), said(other, subject.ask(other), layers))


def _turn(subject: Subject, layers: Layers) -> Seen:
    samples = samples_of(subject.card)
    answer = subject.ask(samples)
    moved = subject.ask({name: turned(grid) for name, grid in samples.items()})
    distances = [
        apart(answer.layers[layer].pooled[row], moved.layers[layer].pooled[row])
        for row in range(len(samples))
        for layer in layers
    ]
    return Seen("the atmosphere turned half around the globe", max(distances))


def _has_domain(card: Card) -> bool:
    return card["domain"].get("grid") is not None


RULES = (
    Rule("missing-field", "mandatory", "a field that is missing, or has holes, is refused by name, and costs no other",
         _missing),
    Rule("other-field", "mandatory", "a field that the model does not take, holes and all, changes nothing", _another,
         "batch", concerns=_has_domain),
    Rule("latitude-order", "mandatory", "from south to north is as from north to south, or refused; disorder is",
         _order, "batch"),
    Rule("longitude-turn", "informational", "the atmosphere turned around the globe has the same mean vector", _turn,
         "symmetry"),
)  # fmt: skip
"""Asked of models of grids."""
