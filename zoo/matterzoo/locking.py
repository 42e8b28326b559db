"""What `lock`, `fetch` and `build` do, for a model or for an environment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from matterzoo.catalogue import cards, find, unknown
from matterzoo_harness import locations
from matterzoo_harness.bases.choice import base_contents, fetch_base
from matterzoo_harness.bases.debian import SUITES, lock_suite
from matterzoo_harness.devices import choose_device
from matterzoo_harness.environments.folder import EnvironmentFolder, environment_names, find_environment
from matterzoo_harness.environments.locks import lock_environment
from matterzoo_harness.model import Model
from matterzoo_harness.provision import environment_contents, fetch_environment, fetch_model
from matterzoo_harness.store import Store
from matterzoo_harness.weights import contents_of, measure_checkpoint
from matterzoo_schemas.environment import VariantName
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.lock import write_lock

Progress = Callable[[str], None]


def resolve(name: str) -> Model | EnvironmentFolder:
    """Return the model of that id, or else the environment of that name.

    Raises
    ------
    MatterzooError
        `USAGE` if there is neither, with the nearest first.
    """
    if any(folder.name == name for _, folder in cards()):
        return find(name)
    if name in environment_names():
        return find_environment(name)
    raise unknown(name)


def lock_name(name: str, *, upgrade: bool, progress: Progress) -> dict[str, Any]:
    """Lock the host, a Debian release that bases are made of, an environment, or a model.

    Returns
    -------
    done
        What was locked, JSON-able.
    """
    if name == "host":
        from matterzoo_harness.environments.host import lock_host

        return {"locks": [str(result.path) for result in lock_host(upgrade=upgrade, progress=progress)]}
    if name in SUITES.values():
        return {"locks": [str(lock_suite(name, progress).path)]}
    found = resolve(name)
    if isinstance(found, Model):
        return lock_model(found, upgrade=upgrade, progress=progress)
    results = lock_environment(found, upgrade=upgrade, progress=progress)
    for result in results:
        progress(f"{result.path}: {result.packages} packages, {'changed' if result.changed else 'as before'}")
    return {"locks": [str(result.path) for result in results]}


def lock_model(model: Model, *, upgrade: bool, progress: Progress) -> dict[str, Any]:
    """Record what a model is made of in its `lock.json`.

    Missing locks of its environment are resolved first. Its weights are loaded twice, with two seeds: only if both
    times give the same fingerprint is it recorded, for otherwise something was left random.
    """
    from matterzoo_harness.fingerprints import weights_fingerprint
    from matterzoo_harness.images import model_key

    folder = find_environment(model.card.environment)
    missing = [v for v in folder.environment.variants if not (folder.path / f"{v}.lock").is_file()]
    if missing or upgrade:
        lock_environment(folder, None if upgrade else missing, upgrade=upgrade, progress=progress)
    store = Store()
    _, variant = choose_device("cpu", folder.environment)
    changes: dict[str, Any] = {
        "adapter_sha256": model.adapter_sha256,
        "environment_sha256": {v: folder.lock_sha256(v) for v in folder.environment.variants},
    }
    fetch_environment(folder, variant, store, progress)
    try:
        weights = fetch_model(model, variant, store, progress)
    except MatterzooError as error:
        if error.code != ExitCode.INPUT_MISSING:
            raise
        progress(f"{model.id}: its checkpoint cannot be reached, so its hash stays unknown: {error.message}")
    else:
        if weights is not None:
            fetch_base(folder.environment.python, store, progress)
        changes |= {
            "checkpoint": measure_checkpoint(model.card.checkpoint, weights, store) or model.lock.checkpoint,
            "weights_sha256": weights_fingerprint(model, variant, weights, progress),
        }
    locked = model.lock.model_copy(update=changes)
    card = replace(model, lock=locked).resolved_card
    try:
        keys = {v: model_key(folder, v, card, store) for v in folder.environment.variants}
        digest = locked.image_digest if keys == locked.recipe_key else None  # of an image of another recipe
        locked = locked.model_copy(update={"recipe_key": keys, "image_digest": digest})
    except MatterzooError as error:
        progress(f"{model.id}: no recipe key yet: {error.message}")
    write_lock(model.lock_file, locked)
    progress(f"{model.lock_file} written")
    return {"model": model.id, "file": str(model.lock_file), "lock": locked.model_dump(mode="json")}


def fetch_name(name: str, *, device: str, runtime: str, progress: Progress) -> None:
    """Put into the store what a model or an environment needs."""
    found, folder, variant = _resolved(name, device)
    store = Store()
    if isinstance(found, Model):
        fetch_model(found, variant, store, progress)
    else:
        fetch_environment(folder, variant, store, progress)
    if runtime != "venv":
        fetch_base(folder.environment.python, store, progress)
    progress(f"{name}: all of it is in {store.root}")


def prove_fetched(name: str, *, device: str, runtime: str, progress: Progress) -> int:
    """Find all that a model or an environment needs in the store, without network, and read every byte of it.

    Returns
    -------
    size
        Bytes that were read and have the hashes that they are kept under.

    Raises
    ------
    MatterzooError
        `INPUT_MISSING` naming what is missing, `DIGEST_MISMATCH` what was damaged.
    """
    locations.forbid_network()
    fetch_name(name, device=device, runtime=runtime, progress=progress)
    found, folder, variant = _resolved(name, device)
    store = Store()
    contents = environment_contents(folder, variant, store)
    if isinstance(found, Model):
        contents |= contents_of(found.card.checkpoint, found.lock.checkpoint, store)
    if runtime != "venv":
        contents |= base_contents(folder.environment.python, store)
    there = [store.get(sha256) for sha256 in sorted(contents) if store.find(sha256)]  # of a pin's files, one suffices
    return sum(file.stat().st_size for file in there)


def _resolved(name: str, device: str) -> tuple[Model | EnvironmentFolder, EnvironmentFolder, VariantName]:
    """Return what a name means, the environment that it means or needs, and which lock of that a device takes."""
    found = resolve(name)
    folder = find_environment(found.card.environment) if isinstance(found, Model) else found
    return found, folder, choose_variant(device, folder)[1]


def choose_variant(device: str, folder: EnvironmentFolder) -> tuple[str, VariantName]:
    """Choose a lock for building or fetching: unlike a run, that needs no GPU at hand."""
    wanted = folder.environment.variant_for("cuda") if device == "cuda" else None
    if wanted is not None:
        return "cuda", wanted
    chosen, variant = choose_device(device, folder.environment)
    return chosen, variant


def build_name(name: str, *, device: str, progress: Progress) -> dict[str, Any]:
    """Build the image of a model, or of an environment, from the store."""
    from matterzoo_harness.engine import connect
    from matterzoo_harness.images import build_environment_image, build_model_image, environment_key, model_key

    found, folder, variant = _resolved(name, device)
    store = Store()
    client = connect()
    if isinstance(found, Model):
        card = found.resolved_card
        image = build_model_image(client, found.id, folder, variant, card, store, progress)
        return {"image": image, "recipe_key": model_key(folder, variant, card, store)}
    image = build_environment_image(client, folder, variant, store, progress)
    return {"image": image, "recipe_key": environment_key(folder, variant, store)}
