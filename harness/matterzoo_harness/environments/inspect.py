"""What an environment's files say, without running anything."""

from __future__ import annotations

from collections.abc import Iterator

from matterzoo_harness.environments.folder import EnvironmentFolder
from matterzoo_harness.environments.lockfile import read_lock
from matterzoo_schemas.exit_codes import MatterzooError


def contradictions(folder: EnvironmentFolder) -> Iterator[str]:
    """Yield what is wrong with an environment's folder, in words.

    A variant without a lock is no contradiction: it only lacks one. A lock beside the resolver's words that there can
    be none is.
    """
    requirements = folder.path / "requirements.in"
    if not requirements.is_file():
        yield f"{requirements} is missing"
        return
    for variant in folder.environment.variants:
        lock = folder.path / f"{variant}.lock"
        if not lock.is_file():
            continue
        if folder.conflict(variant).is_file():
            yield f"{lock} stands beside {folder.conflict(variant).name}, which says that there is none"
        try:
            read_lock(lock)
        except MatterzooError as error:
            yield error.message
