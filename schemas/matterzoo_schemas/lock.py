"""The machine-written half of a model: `zoo/models/<id>/lock.json`. Nobody edits it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from matterzoo_schemas.card import Commit, Sha256, Strict, parse
from matterzoo_schemas.environment import VariantName
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


class LockedCheckpoint(Strict):
    """The checkpoint's bytes, as measured."""

    sha256: Sha256
    """Of the file; of a folder, the sha256 of its table `files` in canonical JSON."""
    size: Annotated[int, Field(gt=0)]
    files: dict[str, Sha256] = {}
    """Every file of a folder, by its name in the repository."""
    revision: Commit | None = None
    """The commit that was fetched from a hub, where the card names none."""


class Verified(Strict):
    """One time that the model ran and was checked."""

    date: date
    device: str
    level: Literal["contract", "conformance", "golden"]
    grade: str
    recipe_key: Sha256


class ModelLock(Strict):
    """What was measured of a model: hashes, and what was verified with them."""

    adapter_sha256: Sha256 | None = None
    environment_sha256: dict[VariantName, Sha256] = {}
    checkpoint: LockedCheckpoint | None = None
    weights_sha256: Sha256 | None = None
    """Fingerprint of every learned array once loaded; equal for two seeds, so nothing of it was left random."""
    recipe_key: dict[VariantName, Sha256] = {}
    image_digest: str | None = None
    golden_sha256: Sha256 | None = None
    verified: tuple[Verified, ...] = ()


def read_lock(path: Path) -> ModelLock:
    """Read a model's lock; a model that was never locked has an empty one.

    Raises
    ------
    MatterzooError
        `BAD_CARD` naming the file and what is wrong with it.
    """
    if not path.exists():
        return ModelLock()
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise MatterzooError(ExitCode.BAD_CARD, f"{path} is no JSON: {error}", "matterzoo lock MODEL") from error
    return parse(ModelLock, content, path)


def write_lock(path: Path, lock: ModelLock) -> None:
    """Write a model's lock: sorted keys, nothing that is absent."""
    content = lock.model_dump(mode="json", exclude_defaults=True)
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", "utf-8")
