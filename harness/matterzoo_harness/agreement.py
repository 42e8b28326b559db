"""Whether a model's files are those that its lock speaks of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from matterzoo_harness.environments.folder import EnvironmentFolder
from matterzoo_harness.model import Model


def changed_since_lock(model: Model, folder: EnvironmentFolder) -> Iterator[Path]:
    """Yield the files that `lock.json` has other hashes of, or none: the adapter, and locks of the environment.

    Raises
    ------
    MatterzooError
        `BAD_CARD` for a variant of the environment that has no lock.
    """
    if model.lock.adapter_sha256 != model.adapter_sha256:
        yield model.adapter_file
    for variant in folder.environment.variants:
        if model.lock.environment_sha256.get(variant) != folder.lock_sha256(variant):
            yield folder.lock(variant)
