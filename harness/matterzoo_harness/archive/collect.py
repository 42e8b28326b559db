"""Collect what an archive holds: a model's packages, base, weights, card, lock, golden vectors, worker and licences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from urllib.parse import urlsplit

from matterzoo_harness.archive.contents import Contents
from matterzoo_harness.archive.environment import collect_environment
from matterzoo_harness.archive.packages import PackageFacts
from matterzoo_harness.archive.pinned import refuse_unlocked
from matterzoo_harness.archive.requests import replay_request
from matterzoo_harness.archive.sharing import forbidden_weights, weights_place
from matterzoo_harness.bases.debian import Deb
from matterzoo_harness.cards import read_toml
from matterzoo_harness.checking.files import golden_file
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.family_files import family_files
from matterzoo_harness.locations import models_roots
from matterzoo_harness.model import Model
from matterzoo_harness.provision import fetch_environment, fetch_model
from matterzoo_harness.runtimes.base import Progress
from matterzoo_harness.store import Store
from matterzoo_harness.worker_sources import source_files
from matterzoo_schemas.canonical import canonical_json

Weights = Literal["auto", "all", "none"]
"""`auto`: those that nothing forbids to pass on; `all`: for one's own keeping; `none`."""


@dataclass
class Collected:
    """An archive's contents, and what its documents are written of."""

    contents: Contents = field(default_factory=Contents)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    wheels: list[tuple[PackageFacts, str]] = field(default_factory=list)
    debs: list[tuple[str, Deb]] = field(default_factory=list)


def collect(
    models: Sequence[tuple[Model, str]], weights: Weights, store: Store, scratch: Path, progress: Progress
) -> Collected:
    """Collect everything but images and documents.

    Parameters
    ----------
    models
        Each with the lock variant that is archived.
    weights
        Which checkpoints go in.
    store
        Where bytes are; what it lacks is fetched.
    scratch
        For files of records.
    progress
        Told what is being done.

    Raises
    ------
    MatterzooError
        `BAD_CARD` for a model that is not locked; what fetching raises.
    """
    found = Collected()
    for model, variant in models:
        folder = find_environment(model.card.environment)
        refuse_unlocked(model, folder)
        progress(f"{model.id}: fetching what the store lacks")
        place = _add_weights(model, variant, weights, store, found.contents, progress)
        request, records = replay_request(model, scratch / model.id)
        _add_model(model, request | {"weights": place}, records, found.contents)
        found.models[model.id] = {"environment": folder.name, "variant": variant, "weights": place}
        found.models[model.id]["golden"] = golden_file(model).is_file()
        if f"{folder.name}-{variant}" not in found.environments:
            progress(f"{folder.name}: packages, base and licences")
            facts, wheels, debs = collect_environment(folder, variant, store, found.contents, progress)
            found.environments[f"{folder.name}-{variant}"] = facts
            found.wheels += [one for one in wheels if one not in found.wheels]
            found.debs += [one for one in debs if one not in found.debs]
    found.contents.add("replay.py", Path(__file__).with_name("replay.py"))
    return found


def _add_model(model: Model, request: dict[str, Any], records: Path, contents: Contents) -> None:
    """Add what is a model's own: card (and those that it extends), lock, golden vectors, request, worker."""
    place = f"models/{model.id}"
    contents.add(f"{place}/request.json", canonical_json(request))
    contents.add(f"{place}/records.safetensors", records)
    contents.add_folder(place, model.folder)
    for folder in _bases(model.folder):
        contents.add(f"models/{folder.name}/card.toml", folder / "card.toml")
    for name, file in source_files(None if model.private else model.card.adapter).items():
        if not model.private or not name.startswith("matterzoo_adapters/models/") or name.endswith("/__init__.py"):
            contents.add(f"sources/{name}", file)
    for file in family_files(model.adapter_file):
        contents.add(f"sources/matterzoo_adapters/models/{file.name}", file)


def _bases(folder: Path) -> list[Path]:
    """Return the folders of the cards that a card extends."""
    name = read_toml(folder / "card.toml").get("extends")
    if name is None:
        return []
    base = next(p for root in (folder.parent, *models_roots()) if (p := root / str(name)).is_dir())
    return [base, *_bases(base)]


def _add_weights(
    model: Model, variant: str, weights: Weights, store: Store, contents: Contents, progress: Progress
) -> str | None:
    """Fetch a model; add its checkpoint, or say where it can be had; return its place, where it is or belongs."""
    checkpoint, digest = model.card.checkpoint, _digest(model)
    if digest is None:
        fetch_model(model, variant, store, progress)
        return None
    several = bool(checkpoint.files or checkpoint.parts)
    name = PurePosixPath(urlsplit(checkpoint.url or "").path or checkpoint.file or "checkpoint").name
    place = f"weights/{digest[:16]}/{'files' if several else name}"
    why = "they were not asked for" if weights == "none" else forbidden_weights(model) if weights == "auto" else ""
    if why:
        fetch_environment(find_environment(model.card.environment), variant, store, progress)
        contents.leave_out(f"the weights of {model.id}", why, f"{weights_place(model)} (sha256 {digest})")
        return place
    path = fetch_model(model, variant, store, progress)
    if several:
        table = store.note("folders", digest) or "{}"
        contents.notes.add(("folders", digest, table))
        for file, sha256 in json.loads(table).items():
            contents.keep(f"{place}/{file}", sha256, store)
    elif store.find(digest):
        contents.keep(place, digest, store)
    elif path is not None:
        contents.add(place, path)  # a file of this machine, which the card names
    return place


def _digest(model: Model) -> str | None:
    """Return the hash of a model's checkpoint; None where its package carries it, or there is none."""
    checkpoint, locked = model.card.checkpoint, model.lock.checkpoint
    if checkpoint.source in ("package", "none") and not checkpoint.parts:
        return None
    return checkpoint.sha256 or (locked.sha256 if locked else None)
