"""What an archive says about the catalogue: citations, metadata of a deposit; and what the catalogue says about it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matterzoo.catalogue import find
from matterzoo.citing import bibliography, zenodo_metadata
from matterzoo.locking import choose_variant
from matterzoo_harness.archive.collect import Collected
from matterzoo_harness.archive.twice import archival_build
from matterzoo_harness.engine import connect
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.images import model_key
from matterzoo_harness.model import Model
from matterzoo_harness.runtimes.base import Progress
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.lock import read_lock, write_lock


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


def build_twice(name: str, device: str, out: Path | None, progress: Progress, *, record: bool) -> str:
    """Build a model's image twice, nothing reused; record its digest if both builds gave one.

    Raises
    ------
    MatterzooError
        `DIGEST_MISMATCH` naming the files in which they differ; `CANNOT_WRITE` if there is something at `out`.
    """
    if out is not None and out.exists():
        raise MatterzooError(ExitCode.CANNOT_WRITE, f"{out} is there already", "choose another -o, or remove it")
    model, store = find(name), Store()
    _, variant = choose_variant(device, find_environment(model.card.environment))
    with store.scratch() as scratch:
        digest = archival_build(connect(), model, variant, (store, store), scratch / "image", progress)
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(scratch / "image", out)
    if record:
        write_lock(model.lock_file, read_lock(model.lock_file).model_copy(update={"image_digest": digest}))
        progress(f"{model.lock_file}: {digest}, recorded")
    return digest
