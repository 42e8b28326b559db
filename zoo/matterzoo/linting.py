"""`lint`: whether the zoo's files contradict themselves or one another; nothing is run, nothing is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matterzoo.catalogue import cards, find
from matterzoo_harness.checking.files import CONTRADICTIONS, inspect_files
from matterzoo_harness.environments.folder import environment_names, find_environment
from matterzoo_harness.environments.inspect import contradictions
from matterzoo_schemas.exit_codes import MatterzooError


@dataclass(frozen=True)
class Remark:
    """Something about a model or an environment.

    Parameters
    ----------
    name
        The model's id or the environment's name.
    rule
        Which promise of `matterzoo check --level inspect` is broken, or `environment`, or `card`.
    message
        What is wrong, in words.
    contradiction
        Whether two files contradict each other; otherwise something is only lacking.
    """

    name: str
    rule: str
    message: str
    contradiction: bool


def lint(names: Sequence[str] = ()) -> list[Remark]:
    """Inspect models and environments; all of them by default."""
    known = [folder.name for _, folder in cards()]
    environments = environment_names()
    remarks = [remark for name in names or known if name not in environments for remark in _model(name)]
    return remarks + [remark for name in names or environments if name in environments for remark in _environment(name)]


def _model(name: str) -> list[Remark]:
    try:
        findings = inspect_files(find(name))
    except MatterzooError as error:
        return [Remark(name, "card", error.message, contradiction=True)]
    return [
        Remark(name, finding.rule, finding.message, finding.rule in CONTRADICTIONS)
        for finding in findings
        if not finding.passed
    ]


def _environment(name: str) -> list[Remark]:
    try:
        problems = list(contradictions(find_environment(name)))
    except MatterzooError as error:
        problems = [error.message]
    return [Remark(name, "environment", problem, contradiction=True) for problem in problems]
