"""`lint`: whether the zoo's files contradict one another, or were left unfinished; nothing is run or fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matterzoo.catalogue import cards, find
from matterzoo_harness.checking.files import CONTRADICTIONS, inspect_files
from matterzoo_harness.checking.scaffold import left_open
from matterzoo_harness.environments.folder import environment_names, find_environment
from matterzoo_harness.environments.inspect import contradictions
from matterzoo_harness.model import Model
from matterzoo_schemas.exit_codes import MatterzooError

Kind = Literal["contradiction", "unfinished", "lacking"]
"""Two files contradict each other; a file lacks what its author can know; or something is not known or not done yet."""


@dataclass(frozen=True)
class Remark:
    """Something about a model or an environment.

    Parameters
    ----------
    name
        The model's id or the environment's name.
    rule
        Which promise of `matterzoo check --level inspect` is broken, or `environment`, or `card`.
    kind
        How bad that is.
    message
        What is wrong, in words.
    """

    name: str
    rule: str
    kind: Kind
    message: str

    @property
    def fails(self) -> bool:
        """Whether somebody must mend it, before the files are anybody else's."""
        return self.kind != "lacking"


def lint(names: Sequence[str] = ()) -> list[Remark]:
    """Inspect models and environments; all of them by default."""
    known = [folder.name for _, folder in cards()]
    environments = environment_names()
    remarks = [remark for name in names or known if name not in environments for remark in _model(name)]
    return remarks + [remark for name in names or environments if name in environments for remark in _environment(name)]


def _model(name: str) -> list[Remark]:
    try:
        model = find(name)
        broken = [finding for finding in inspect_files(model) if not finding.passed]
    except MatterzooError as error:
        return [Remark(name, "card", "contradiction", error.message)]
    return [Remark(name, finding.rule, _kind(finding.rule, model), finding.message) for finding in broken]


def _kind(rule: str, model: Model) -> Kind:
    """Tell how bad a broken rule is: how long the vectors are can be known as soon as the weights are at hand."""
    at_hand = model.card.checkpoint.source in ("none", "package") or model.lock.checkpoint is not None
    if rule in CONTRADICTIONS:
        return "contradiction"
    return "unfinished" if rule == "scaffold-replaced" or (rule == "dims-stated" and at_hand) else "lacking"


def _environment(name: str) -> list[Remark]:
    try:
        folder = find_environment(name)
        problems = list(contradictions(folder))
    except MatterzooError as error:
        return [Remark(name, "environment", "contradiction", error.message)]
    remarks = [Remark(name, "environment", "contradiction", problem) for problem in problems]
    if words := left_open((folder.path / "environment.toml", folder.path / "requirements.in")):
        remarks.append(Remark(name, "scaffold-replaced", "unfinished", words))
    return remarks
