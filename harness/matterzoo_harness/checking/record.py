"""Put a passed check on record in the model's lock, tied to the recipe that passed it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from matterzoo_harness.checking.check import Report
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.model import Model
from matterzoo_harness.store import Store
from matterzoo_schemas.environment import VariantName
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.lock import Verified, read_lock, write_lock


def record(model: Model, report: Report) -> Verified:
    """Append what a check found to `lock.json`; one of the same level and device, or of another recipe, gives way.

    Raises
    ------
    MatterzooError
        `USAGE` for the level `inspect`, `CONFORMANCE` if it did not pass, `BAD_CARD` if the lock does not name the
        recipe that was checked: nothing could be tied to it.
    """
    from matterzoo_harness.images import model_key

    if report.level == "inspect":
        raise MatterzooError(
            ExitCode.USAGE, "the level inspect runs nothing that could be recorded", "--level contract"
        )
    if not report.passed:
        raise MatterzooError(ExitCode.CONFORMANCE, f"{model.id} did not pass: nothing is recorded")
    variant = cast("VariantName", report.variant)
    lock = read_lock(model.lock_file)
    card = model.resolved_card
    key = model_key(find_environment(model.card.environment), variant, card, Store())
    if lock.recipe_key.get(variant) != key:
        raise MatterzooError(
            ExitCode.BAD_CARD,
            f"{model.id} passed, but {model.lock_file} does not name the recipe that was checked ({key[:12]})",
            f"matterzoo lock {model.id}, then again",
        )
    verified = Verified(
        date=datetime.now(UTC).date(),
        device=report.device,
        level=report.level,
        grade=report.grade,
        recipe_key=key,
    )
    recipes = set(lock.recipe_key.values())
    others = [
        one
        for one in lock.verified
        if one.recipe_key in recipes and (one.level, one.device) != (verified.level, verified.device)
    ]
    write_lock(model.lock_file, lock.model_copy(update={"verified": (*others, verified)}))
    return verified
