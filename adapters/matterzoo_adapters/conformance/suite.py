"""Every rule there is, and running them."""

from __future__ import annotations

from matterzoo_adapters.conformance import atoms, backbone, common, grids, sequence, smiles, text, tokens, weights
from matterzoo_adapters.conformance.rule import Rule
from matterzoo_adapters.conformance.samples import samples_of
from matterzoo_adapters.conformance.subject import Subject
from matterzoo_schemas.findings import Finding
from matterzoo_schemas.views import TEXT_VIEWS

OF_VIEW: dict[str, tuple[Rule, ...]] = {
    "atoms": atoms.RULES,
    "backbone": backbone.RULES,
    "grid": grids.RULES,
    **dict.fromkeys(TEXT_VIEWS, (*text.RULES, *tokens.RULES)),
    "sequence": (*text.RULES, *tokens.RULES, *sequence.RULES),
    "smiles": (*text.RULES, *tokens.RULES, *smiles.RULES),
}
"""What each modality adds; a new one plugs its rules in here, and its records into `samples`."""


def rules_for(view: str, level: str = "conformance") -> list[Rule]:
    """Return the rules for models of a view: at the level `contract` the mandatory ones, else all."""
    every = (*common.RULES, *OF_VIEW.get(view, ()), *weights.RULES)
    return [rule for rule in every if level != "contract" or rule.kind == "mandatory"]


def run_suite(subject: Subject, level: str) -> list[Finding]:
    """Apply every rule of a level.

    Raises
    ------
    MatterzooError
        `USAGE` if there is no suite for the model's view.
    """
    samples_of(subject.card)
    return [finding for rule in rules_for(subject.card["view"], level) for finding in rule.findings(subject)]
