"""How far up the ladder a model has come: computed from what is there, never typed in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from matterzoo_harness.agreement import changed_since_lock
from matterzoo_harness.archive.pinned import refuse_unlocked
from matterzoo_harness.cards import read_card
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.model import Model
from matterzoo_schemas.canonical import sha256_of_file
from matterzoo_schemas.exit_codes import MatterzooError
from matterzoo_schemas.lock import Verified, read_lock

RANDOM = "contract, random weights"


@dataclass(frozen=True)
class Standing:
    """Where a model stands on the ladder.

    Parameters
    ----------
    state
        The highest rung reached; see `standing_of`.
    locked
        Whether the environment's locks and the model's own records stand and agree.
    passed
        The passed checks that still count: made under the recipe, adapter and environment that stand now.
    """

    state: str
    locked: bool
    passed: list[Verified]


def standing_of(model: Model, zoo: Iterable[Model] | None = None) -> Standing:
    """Find the highest rung reached.

    `carded`: the card is valid. `locked`: the environment has a hashed lock for each variant that it declares, and the
    lock's own records agree with the files as they are now. `built`: two builds of its image agreed. `contract`: it
    passed the conformance suite in its environment, under the very recipe that stands there now; `contract, random
    weights` if its weights are not to be had here, and the same adapter passed in the same environment with those of
    its package's constructor. `verified`: besides, real weights reproduced its golden vectors. A check in a virtual
    environment of the same lock needs no image: `contract` does not imply `built`.

    Parameters
    ----------
    model
        The model.
    zoo
        The models among which its untrained twin is looked for; those whose folders lie beside its own by default.
    """
    if not is_locked(model):
        return Standing("carded", locked=False, passed=[])
    passed = records(model)
    twins = _random_beside(model) if zoo is None else zoo
    if _is_verified(model, passed):
        state = "verified"
    elif passed:
        state = "contract"
    elif any(_is_twin(twin, model) and is_locked(twin) and records(twin) for twin in twins):
        state = RANDOM
    else:
        state = "built" if model.lock.image_digest else "locked"
    return Standing(state, locked=True, passed=passed)


def is_locked(model: Model) -> bool:
    """Tell whether the environment's locks and the model's own records stand and agree."""
    try:
        return not any(changed_since_lock(model, find_environment(model.card.environment)))
    except MatterzooError:
        return False


def why_not_archival(model: Model) -> str | None:
    """Say what keeps a model from being archived as it is; None if it is pinned to the byte."""
    try:
        refuse_unlocked(model, find_environment(model.card.environment))
    except MatterzooError as error:
        return f"{error.message.removeprefix(f'{model.id}: ')}: {error.hint}".rstrip(": ")
    return None


def records(model: Model) -> list[Verified]:
    """Return the passed checks of a locked model that were made under the recipe that stands now."""
    recipes = set(model.lock.recipe_key.values())
    return [one for one in model.lock.verified if one.recipe_key in recipes]


def _is_twin(twin: Model, model: Model) -> bool:
    """Tell whether a model is another one's architecture with weights that are random on purpose."""
    same = (twin.card.adapter, twin.card.environment) == (model.card.adapter, model.card.environment)
    return same and twin.card.random_weights and twin.folder.parent == model.folder.parent


def _random_beside(model: Model) -> Iterator[Model]:
    for path in sorted(model.folder.parent.glob("*-random/card.toml")):
        try:
            card, lock = read_card(path), read_lock(path.with_name("lock.json"))
        except MatterzooError:
            continue  # `list` shows that card, and what is wrong with it, by itself
        yield Model(card, lock, path.parent, model.adapter_file, model.private)


def _is_verified(model: Model, passed: list[Verified]) -> bool:
    golden = model.folder / "golden.safetensors"
    if model.card.random_weights or not golden.is_file() or sha256_of_file(golden) != model.lock.golden_sha256:
        return False
    return any(one.level == "golden" for one in passed)
