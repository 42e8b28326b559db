"""Records of a model's own domain, by its view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matterzoo_adapters.conformance.strings import STRINGS
from matterzoo_adapters.conformance.structures import structures
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


def samples_of(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return structures or strings by name, all of which the model must be able to take.

    Raises
    ------
    MatterzooError
        `USAGE` for a view that has no suite yet.
    """
    view = card["view"]
    if view == "atoms":
        return dict(structures(card["domain"]))
    if view in STRINGS:
        return dict(STRINGS[view])
    raise MatterzooError(ExitCode.USAGE, f"there is no conformance suite for models of the view {view!r}")


def size_of(content: Any) -> int:
    """Return how many atoms a structure, or characters a string has."""
    return len(content) if isinstance(content, str) else len(content.numbers)
