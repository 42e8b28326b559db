"""What the conformance suite finds out about a model; crosses the wall as plain JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["mandatory", "consistency", "informational"]
"""OpenKIM's classes: without it the zoo cannot use a model; it holds what its card says; good to know."""
Grade = Literal["A", "B", "C", "D", "pass", "fail"]
MARGIN = 10.0
"""Step between two grades of a measured rule."""


@dataclass(frozen=True)
class Finding:
    """What one rule found.

    Parameters
    ----------
    rule, kind
        Which rule, and how much depends on it.
    passed
        Whether its promise is kept.
    message
        What was seen, in words.
    value, tolerance
        What was measured and how much of it is allowed; None where there is nothing to measure.
    """

    rule: str
    kind: Kind
    passed: bool
    message: str
    value: float | None = None
    tolerance: float | None = None

    @property
    def grade(self) -> Grade:
        """Pass or fail; of a measured rule A (a tenth of the tolerance at most), B (within), C (ten times), D."""
        if self.value is None or self.tolerance is None:
            return "pass" if self.passed else "fail"
        if self.value <= self.tolerance / MARGIN:
            return "A"
        if self.value <= self.tolerance:
            return "B"
        return "C" if self.value <= self.tolerance * MARGIN else "D"


def overall(findings: Iterable[Finding]) -> Literal["A", "B", "C", "D"]:
    """Grade a model: D if a mandatory rule failed, C if a consistency rule did, B if an informational one, else A."""
    failed = {finding.kind for finding in findings if not finding.passed}
    if "mandatory" in failed:
        return "D"
    if "consistency" in failed:
        return "C"
    return "B" if failed else "A"
