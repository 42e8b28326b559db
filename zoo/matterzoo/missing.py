"""What stands between a model and the top of the ladder: computed from the same files as its state."""

from __future__ import annotations

import re

from matterzoo.states import Standing, standing_of
from matterzoo_harness.environments.folder import EnvironmentFolder, find_environment
from matterzoo_harness.model import Model
from matterzoo_schemas.exit_codes import MatterzooError


def missing_piece(model: Model, standing: Standing | None = None) -> str | None:
    """Name the first thing that is missing, and the command that would mend it where one would.

    Parameters
    ----------
    model
        The model.
    standing
        Where it stands, if that is known already.

    Returns
    -------
    str or None
        None where nothing is: the model is `verified`, or its weights are random on purpose and it passed its checks.
    """
    try:
        folder = find_environment(model.card.environment)
    except MatterzooError as error:
        return error.message
    if why := unlockable(folder):
        return why
    standing = standing or standing_of(model)
    if not standing.locked:
        return f"its lock does not agree with its files: matterzoo lock {model.id}"
    if code := model.unpinned_code:
        return f"its checkpoint brings code, {code[0]}, of no commit that its card names: read it, and write `revision`"
    if not model.weights_pinned:
        return f"its weights were never fetched: {_place(model)}, then: matterzoo lock {model.id}"
    if not standing.passed:
        return f"no check on record: matterzoo check {model.id} --record"
    if standing.state == "verified" or model.card.random_weights:
        return None
    return f"no golden vectors it was compared with: matterzoo golden {model.id}"


def unlockable(folder: EnvironmentFolder) -> str | None:
    """Say why an environment has no complete lock, in the resolver's own words where it was asked; None if it has."""
    for variant in folder.environment.variants:
        if folder.conflict(variant).is_file():
            words = folder.conflict(variant).read_text("utf-8")
            return f"{folder.name}, {variant}: {summary(words)}"
        try:
            folder.lock(variant)
        except MatterzooError as error:
            return f"{error.message}: {error.hint}"
    return None


def summary(words: str) -> str:
    """Bring a resolver's words, a drawn tree over many lines, into one line."""
    text = " ".join(line.strip(" ×╰─▶│") for line in words.splitlines())
    text = re.sub(r"^(error: )?No solution found when resolving dependencies:?( cause:)?", "", text)
    return text.partition(" hint:")[0].strip()


def _place(model: Model) -> str:
    checkpoint = model.card.checkpoint
    gate = "gated, its licence must be accepted at " if checkpoint.gated else ""
    parts, *more = [part.url for part in checkpoint.parts.values()] or [""]
    parts += f" and {len(more)} more" if more else ""
    return f"{gate}{parts or checkpoint.url or checkpoint.repo or checkpoint.file}"
