"""What may be called archival: nothing of it is left to whatever is there on the day."""

from __future__ import annotations

from matterzoo_harness.environments.folder import EnvironmentFolder
from matterzoo_harness.model import Model
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


def refuse_unlocked(model: Model, folder: EnvironmentFolder) -> None:
    """Refuse to call archival what is not pinned.

    Raises
    ------
    MatterzooError
        `BAD_CARD`.
    """
    hint = f"matterzoo lock {model.id}"
    if not model.weights_pinned:
        raise MatterzooError(ExitCode.BAD_CARD, f"{model.id}: the hash of its weights is not known", hint)
    if model.lock.adapter_sha256 != model.adapter_sha256:
        raise MatterzooError(ExitCode.BAD_CARD, f"{model.id}: its adapter is not the one that was locked", hint)
    for variant in folder.environment.variants:
        if model.lock.environment_sha256.get(variant) != folder.lock_sha256(variant):
            raise MatterzooError(ExitCode.BAD_CARD, f"{model.id}: {variant}.lock is not the one that was locked", hint)
