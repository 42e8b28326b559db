"""What a rule is: a name, how much depends on it, what it promises, and how that is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from matterzoo_adapters.conformance.subject import Subject, Unanswered
from matterzoo_adapters.worker.engine import DISK_IS_FULL
from matterzoo_schemas.findings import Finding, Kind

Card = Mapping[str, Any]
Layers = tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """What a rule saw: a measured value to be held against the tolerance, or a verdict of its own."""

    message: str
    value: float | None = None
    passed: bool | None = None


def always(_card: Card) -> bool:
    """Say that a rule concerns every model."""
    return True


@dataclass(frozen=True)
class Rule:
    """One promise.

    Parameters
    ----------
    name, kind, promise
        What it is called, its class, and what it promises in words.
    measure
        From the model and the layers in question to what is seen; pure but for the asking.
    tolerance
        Which of the card's tolerances a measured value is held against; None for a verdict.
    concerns
        Whether it concerns a model, by its card.
    symmetries
        Declared symmetries of a layer that promise it: other layers are measured too, for information. Empty if
        every layer promises it.
    """

    name: str
    kind: Kind
    promise: str
    measure: Callable[[Subject, Layers], Seen]
    tolerance: Literal["repeat", "batch", "symmetry"] | None = None
    concerns: Callable[[Card], bool] = always
    symmetries: frozenset[str] = frozenset()

    def findings(self, subject: Subject) -> list[Finding]:
        """Apply the rule: one finding for the layers that promise it, one for information about the others."""
        if not self.concerns(subject.card):
            return []
        bound = tuple(name for name, symmetry in subject.layers.items() if self._binds(symmetry))
        free = tuple(name for name in subject.layers if name not in bound)
        kinds: Iterable[tuple[Layers, Kind]] = ((bound, self.kind), (free, "informational"))
        return [self._finding(subject, layers, kind) for layers, kind in kinds if layers]

    def _binds(self, symmetry: str) -> bool:
        return not self.symmetries or symmetry in self.symmetries

    def _finding(self, subject: Subject, layers: Layers, kind: Kind) -> Finding:
        try:
            seen = self.measure(Subject(subject.engine, subject.announce, self.name), layers)
        except Unanswered as error:
            return Finding(self.name, kind, passed=False, message=str(error))
        except Exception as error:  # whatever a model raises is a finding, not the end of the suite
            if isinstance(error, OSError) and error.errno in DISK_IS_FULL:
                raise  # no model's fault
            return Finding(self.name, kind, passed=False, message=_in_words(error))
        if self.tolerance is None or seen.value is None:
            return Finding(self.name, kind, bool(seen.passed), seen.message, seen.value)
        allowed = float(subject.card["tolerances"][self.tolerance])
        return Finding(self.name, kind, seen.value <= allowed, seen.message, seen.value, allowed)


def _in_words(error: Exception) -> str:
    lines = str(error).strip().splitlines() or ["no message"]
    return f"{type(error).__name__}: {lines[0]}"[:500]
