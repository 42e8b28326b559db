"""Records of a model's own domain, by its view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matterzoo_adapters.conformance.chains import chains
from matterzoo_adapters.conformance.fields import grids
from matterzoo_adapters.conformance.strings import STRINGS
from matterzoo_adapters.conformance.structures import structures
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.views import Grid


def samples_of(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return structures, backbones, grids or strings by name, all of which the model must be able to take.

    Raises
    ------
    MatterzooError
        `USAGE` for a view that has no suite yet.
    """
    view = card["view"]
    if view == "atoms":
        return dict(structures(card["domain"]))
    if view == "backbone":
        return dict(chains(card["domain"]))
    if view == "grid":
        return dict(grids(card["domain"].get("grid")))
    if view in STRINGS:
        return dict(STRINGS[view])
    raise MatterzooError(ExitCode.USAGE, f"there is no conformance suite for models of the view {view!r}")


def size_of(content: Any) -> int:
    """Return how many atoms a structure, residues a backbone, values a grid, or characters a string has."""
    if isinstance(content, Grid):
        return content.values.size
    return len(content.numbers) if hasattr(content, "numbers") else len(content)
