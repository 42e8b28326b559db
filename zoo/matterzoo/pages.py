"""Pages of the documentation that are made from the catalogue, so that they cannot disagree with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from matterzoo.missing import summary
from matterzoo_harness.environments.clashes import Clash

_VIEWS = {
    "atoms": "Atoms in space",
    "smiles": "SMILES",
    "selfies": "SELFIES",
    "graph": "Molecular graphs",
    "sequence": "Proteins, by sequence",
    "backbone": "Proteins, by structure",
    "text": "Text",
    "grid": "Grids",
}
_HEAD = """# Models

<!-- Made by `matterzoo list --markdown`: change a card, not this page. -->

{count} models of {families} families in {environments} environments: {states}. A state is computed from what is there
([architecture](architecture.md)), and `matterzoo list --blocked` says for each model what it still lacks.
"""
_MARKS = {True: "✗", False: "·"}
_CONFLICTS_HEAD = """# Why one environment is not enough

<!-- Made by `matterzoo conflicts --markdown`. -->

Two environments' requirements were given to the resolver together, for the Python of either; which torch was left to
it. Of {pairs} such pairs, {excluding} cannot be installed in one environment (✗), whatever versions of everything else
are chosen. Where they can (·), they may still disagree silently about numbers. Environments that cannot be installed
even alone are left out: `matterzoo list --blocked` names them.

"""


def models_page(models: Sequence[dict[str, Any]]) -> str:
    """Write the catalogue as a page in Markdown.

    Parameters
    ----------
    models
        Rows of the catalogue's index.
    """
    states = Counter(model["state"] for model in models)
    head = _HEAD.format(
        count=len(models),
        families=len({model.get("family") for model in models}),
        environments=len({model.get("environment") for model in models}),
        states=", ".join(f"{count} {state}" for state, count in sorted(states.items())),
    )
    sections = [_section(title, [m for m in models if m.get("view") == view]) for view, title in _VIEWS.items()]
    return head + "".join(filter(None, sections))


def conflicts_page(pairs: Sequence[Clash]) -> str:
    """Write which environments exclude each other as a page in Markdown: a table, then the resolver's words a pair."""
    names = sorted({name for pair in pairs for name in (pair.one, pair.other)})
    clash = {frozenset((pair.one, pair.other)): bool(pair.words) for pair in pairs}
    excluding = [pair for pair in pairs if pair.words]
    lines = [f"| | {' | '.join(names)} |", f"|{' --- |' * (len(names) + 1)}"]
    for name in names:
        marks = ["" if other == name else _MARKS[clash[frozenset((name, other))]] for other in names]
        lines.append(f"| **{name}** | {' | '.join(marks)} |")
    words = [f"- **{pair.one}, {pair.other}**: {summary(pair.words)}" for pair in excluding]
    head = _CONFLICTS_HEAD.format(pairs=len(pairs), excluding=len(excluding))
    return head + "\n".join(lines) + "\n\n## In the resolver's own words\n\n" + "\n".join(words) + "\n"


def _section(title: str, models: Sequence[dict[str, Any]]) -> str:
    if not models:
        return ""
    heads = ("model", "what it is", "numbers", "energy", "licence", "environment", "state")
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}", *(_line(model) for model in models)]
    return f"\n## {title}\n\n" + "\n".join(lines) + "\n"


def _line(model: dict[str, Any]) -> str:
    licence = (model["licence"] or "not read") + (", non-commercial" if model["non_commercial"] else "")
    state = model["state"] + ("" if model["weights_pinned"] else ", weights not pinned")
    cells: Iterable[str] = (
        f"`{model['id']}`", model["summary"].rstrip("."), str(model["dim"] or ""), "eV" if model["energy"] else "",
        licence, f"`{model['environment']}`", state,
    )  # fmt: skip
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
