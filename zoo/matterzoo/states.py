"""How far up the ladder a model has come: computed from what is there, never typed in."""

from __future__ import annotations

from collections.abc import Iterator

from matterzoo_harness.cards import read_card
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.model import Model
from matterzoo_schemas.canonical import sha256_of_file
from matterzoo_schemas.exit_codes import MatterzooError
from matterzoo_schemas.lock import Verified, read_lock

RANDOM = "contract, random weights"


def state_of(model: Model) -> str:
    """Return the highest rung reached.

    Returns
    -------
    state
        `carded`: the card is valid. `locked`: the environment has a hashed lock for each variant that it declares,
        and the lock's own records agree with the files as they are now. `built`: two builds of its image agreed.
        `contract`: it passed the conformance suite in its environment, under the very recipe that stands there now;
        `contract, random weights` if its weights are not to be had here, and the same adapter passed in the same
        environment with those of its package's constructor. `verified`: besides, real weights reproduced its golden
        vectors. A check in a virtual environment of the same lock needs no image: `contract` does not imply `built`.
    """
    if not is_locked(model):
        return "carded"
    passed = records(model)
    if _is_verified(model, passed):
        return "verified"
    if passed:
        return "contract"
    if any(records(twin) for twin in random_twins(model)):
        return RANDOM
    return "built" if model.lock.image_digest else "locked"


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


def records(model: Model) -> list[Verified]:
    """Return the passed checks that still count: made under the recipe, adapter and environment that stand now."""
    recipes = set(model.lock.recipe_key.values())
    return [one for one in model.lock.verified if one.recipe_key in recipes] if is_locked(model) else []


def random_twins(model: Model) -> Iterator[Model]:
    """Yield the models of the same adapter and environment whose weights are random on purpose."""
    for path in sorted(model.folder.parent.glob("*-random/card.toml")):
        try:
            card, lock = read_card(path), read_lock(path.with_name("lock.json"))
        except MatterzooError:
            continue  # `list` shows that card, and what is wrong with it, by itself
        if (card.adapter, card.environment) == (model.card.adapter, model.card.environment) and card.random_weights:
            yield Model(card, lock, path.parent, model.adapter_file, model.private)


def _is_verified(model: Model, passed: list[Verified]) -> bool:
    golden = model.folder / "golden.safetensors"
    if model.card.random_weights or not golden.is_file() or sha256_of_file(golden) != model.lock.golden_sha256:
        return False
    return any(one.level == "golden" for one in passed)
