"""What may be called archival: nothing of it is left to whatever is there on the day."""

from __future__ import annotations

from matterzoo_harness.agreement import changed_since_lock
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
    for file in changed_since_lock(model, folder):
        what = "its adapter" if file == model.adapter_file else file.name
        raise MatterzooError(ExitCode.BAD_CARD, f"{model.id}: {what} is not the one that was locked", hint)
