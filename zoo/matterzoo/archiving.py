"""What an archive says about the catalogue: citations, metadata of a deposit; and what the catalogue says about it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matterzoo.catalogue import find
from matterzoo.citing import bibliography, zenodo_metadata
from matterzoo.locking import choose_variant
from matterzoo_harness.archive.clean import clean_store
from matterzoo_harness.archive.collect import Collected
from matterzoo_harness.archive.twice import archival_build
from matterzoo_harness.engine import connect
from matterzoo_harness.environments.folder import EnvironmentFolder, find_environment
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


def build_twice(
    name: str, device: str, out: Path | None, progress: Progress, *, home: Path | None = None, record: bool = False
) -> str:
    """Build a model's image from two clean stores, nothing reused; record its digest if both builds gave one.

    Parameters
    ----------
    name, device
        Which model, and which lock.
    out
        Where the image is kept, as an OCI layout; None to drop it.
    progress
        Is told what is being built.
    home
        Another MATTERZOO_HOME, whose store is the second one; None for a clean copy of what the lock names.
    record
        Put the digest into the model's `lock.json`.

    Raises
    ------
    MatterzooError
        `DIGEST_MISMATCH` naming the files in which they differ; `CANNOT_WRITE` if there is something at `out`;
        `USAGE` if `home` is this one; `BAD_CARD` if a digest is to be recorded of a recipe that is not on record.
    """
    if out is not None and out.exists():
        raise MatterzooError(ExitCode.CANNOT_WRITE, f"{out} is there already", "choose another -o, or remove it")
    model, store = find(name), Store()
    folder = find_environment(model.card.environment)
    _, variant = choose_variant(device, folder)
    if home is not None and Store(home / "store").root.resolve() == store.root.resolve():
        raise MatterzooError(ExitCode.USAGE, f"{home} is MATTERZOO_HOME itself", "name another --home, or none")
    if record:
        _refuse_another_recipe(model, folder, variant, store)
    with store.scratch() as scratch:
        if home is None:
            progress("copying what the lock names into an empty store")
        second = Store(home / "store") if home else clean_store(folder, variant, store, scratch / "store")
        digest = archival_build(connect(), model, variant, (store, second), scratch / "image", progress)
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(scratch / "image", out)
    if record:
        write_lock(model.lock_file, read_lock(model.lock_file).model_copy(update={"image_digest": digest}))
        progress(f"{model.lock_file}: {digest}, recorded")
    return digest


def _refuse_another_recipe(model: Model, folder: EnvironmentFolder, variant: str, store: Store) -> None:
    """Refuse to record the digest of a recipe that is not on record, or of another lock than the CPU's.

    Raises
    ------
    MatterzooError
        `BAD_CARD`, `USAGE`.
    """
    usual = choose_variant("cpu", folder)[1]
    if variant != usual:
        raise MatterzooError(
            ExitCode.USAGE, f"on record stands the digest of {usual}.lock's image, not {variant}.lock's"
        )
    if model.lock.recipe_key.get(variant) != model_key(folder, variant, model.resolved_card, store):
        raise MatterzooError(
            ExitCode.BAD_CARD,
            f"{model.id}: its recipe (base, lock, adapter, card) is not the one in its lock.json",
            f"matterzoo lock {model.id}   (or set MATTERZOO_BASE as it was then)",
        )
