"""`lock --check`: what a lock would become today, and why. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable

from matterzoo.locking import resolve
from matterzoo_harness import hub
from matterzoo_harness.agreement import changed_since_lock
from matterzoo_harness.environments.folder import EnvironmentFolder, find_environment
from matterzoo_harness.environments.lock_changes import Change, lock_changes
from matterzoo_harness.images import model_key
from matterzoo_harness.model import Model
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import MatterzooError


def check_lock(name: str, progress: Callable[[str], None]) -> list[Change]:
    """Say what would change in the locks of an environment, or of a model and its environment.

    Raises
    ------
    MatterzooError
        `USAGE` for a name that nothing has, `BAD_CARD` or `INPUT_MISSING` as resolving raises them.
    """
    found = resolve(name)
    if isinstance(found, Model):
        return [*_of_model(found), *lock_changes(find_environment(found.card.environment), progress)]
    return lock_changes(found, progress)


def _of_model(model: Model) -> list[Change]:
    """Compare `lock.json` with the files that it speaks of, and with the hub."""
    place, changes = f"{model.id}/lock.json", []
    folder = find_environment(model.card.environment)
    for file in changed_since_lock(model, folder):
        if file == model.adapter_file:
            changes.append(Change(place, "adapter_sha256", f"{file.name} was changed", wanted=True))
        else:
            why = f"{file.name} of {folder.name} was changed"
            changes.append(Change(place, f"environment_sha256.{file.stem}", why, wanted=True))
    changes += _of_recipe(model, folder, place)
    if not model.weights_pinned:
        changes.append(Change(place, "checkpoint", "its weights were never fetched", wanted=True))
    locked, repo = model.lock.checkpoint, model.card.checkpoint.repo
    if locked and locked.revision and repo:
        try:
            newest = hub.newest_commit(repo)
        except MatterzooError as error:
            return [*changes, Change(place, "revision: not known", error.message, wanted=False)]
        if newest != locked.revision:
            what = f"revision {locked.revision[:12]} → {newest[:12]}"
            changes.append(Change(place, what, f"{repo} has a newer commit; the locked one stays", wanted=False))
    return changes


def _of_recipe(model: Model, folder: EnvironmentFolder, place: str) -> list[Change]:
    """Compare the recipes on record with those that the files make today: checks are tied to them."""
    changes = []
    for variant, known in model.lock.recipe_key.items():
        try:
            today = model_key(folder, variant, model.resolved_card, Store())
        except MatterzooError:
            continue  # its base or its lock is not there: that is said elsewhere
        if today != known:
            what = f"recipe_key.{variant} {known[:12]} → {today[:12]}"
            why = "base, environment's lock, card, adapter or the worker beside it was changed: checks do not count"
            changes.append(Change(place, what, why, wanted=True))
    return changes
