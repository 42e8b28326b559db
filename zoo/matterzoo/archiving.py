"""What an archive says about the catalogue: citations, metadata of a deposit; and what the catalogue says about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matterzoo.catalogue import find
from matterzoo.citing import bibliography, zenodo_metadata
from matterzoo_harness.archive.collect import Collected
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.images import model_key
from matterzoo_harness.model import Model
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import MatterzooError


def documents(models: Sequence[Model], collected: Collected) -> dict[str, bytes]:
    """Return the documents of an archive that are made of the catalogue."""
    metadata = zenodo_metadata(models, [one["what"] for one in collected.contents.left_out])
    return {"CITATION.bib": bibliography(models).encode(), ".zenodo.json": metadata}


def same_recipe(model_id: str, facts: Mapping[str, Any]) -> bool:
    """Tell whether this release's own model of that id is the archived one, to the byte of its recipe."""
    try:
        model = find(model_id)
        folder = find_environment(model.card.environment)
        return model_key(folder, facts["variant"], model.resolved_card, Store()) == str(facts["recipe_key"])
    except MatterzooError:
        return False
