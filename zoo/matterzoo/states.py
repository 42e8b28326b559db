"""How far up the ladder a model has come: computed from what is there, never typed in."""

from __future__ import annotations

from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.model import Model
from matterzoo_schemas.exit_codes import MatterzooError


def state_of(model: Model) -> str:
    """Return `carded`, `locked` or `verified`.

    A model is locked if its environment has a hashed lock for each variant it declares, and the lock's own records
    agree with the files as they are now; it is verified if, besides, its golden vectors were reproduced by real
    weights under the very recipe that stands there now.
    """
    if not is_locked(model):
        return "carded"
    recipes = set(model.lock.recipe_key.values())
    golden = [v for v in model.lock.verified if v.level == "golden" and v.recipe_key in recipes]
    return "verified" if golden and not model.card.random_weights else "locked"


def is_locked(model: Model) -> bool:
    """Tell whether the environment's locks and the model's own records stand and agree."""
    try:
        folder = find_environment(model.card.environment)
        for variant in folder.environment.variants:
            if model.lock.environment_sha256.get(variant) != folder.lock_sha256(variant):
                return False
    except MatterzooError:
        return False
    return model.lock.adapter_sha256 == model.adapter_sha256
