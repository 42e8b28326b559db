"""What a lock would become today, and why: nothing is written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matterzoo_harness.environments.folder import EnvironmentFolder, read_environment
from matterzoo_harness.environments.lockfile import Pin, read_lock
from matterzoo_harness.environments.locks import lock_environment
from matterzoo_harness.runtimes.base import Progress, quiet

REQUIRED = "requirements.in or the package index asks for it: the lock is not what it would give now"
NEWER = "a newer version fits: matterzoo lock --upgrade would take it"
FILES = "the index has other files of this version by now"


@dataclass(frozen=True)
class Change:
    """One line of a lock that would be another.

    Parameters
    ----------
    lock
        `<environment>/<variant>.lock`, or what of a model's lock.
    what
        The change, such as `numpy 2.4.6 → 2.4.7`.
    why
        The reason.
    wanted
        Whether the lock contradicts what it was made from; a newer version alone does not.
    """

    lock: str
    what: str
    why: str
    wanted: bool


def lock_changes(folder: EnvironmentFolder, progress: Progress = quiet) -> list[Change]:
    """Resolve an environment anew, in a copy: once with its pins kept, once with the newest versions.

    Raises
    ------
    MatterzooError
        As `lock_environment`.
    """
    variants = [name for name in folder.environment.variants if (folder.path / f"{name}.lock").is_file()]
    before = {name: _pins(folder.path / f"{name}.lock") for name in variants}
    kept = _resolved(folder, variants, progress, upgrade=False)
    newest = _resolved(folder, variants, progress, upgrade=True)
    found = []
    for name in variants:
        lock = f"{folder.name}/{name}.lock"
        found += [Change(lock, what, why, wanted=True) for what, why in differences(before[name], kept[name], REQUIRED)]
        found += [Change(lock, what, why, wanted=False) for what, why in differences(kept[name], newest[name], NEWER)]
    return found


def differences(old: Mapping[str, Pin], new: Mapping[str, Pin], why: str) -> list[tuple[str, str]]:
    """Compare two locks: versions that differ, packages that come or go, files that were exchanged."""
    found = []
    for name in sorted({*old, *new}):
        if name not in new:
            found.append((f"{old[name]} goes", why))
        elif name not in old:
            found.append((f"{new[name]} comes", why))
        elif old[name].version != new[name].version:
            found.append((f"{name} {old[name].version} → {new[name].version}", why))
        elif old[name].sha256s != new[name].sha256s:
            found.append((f"{new[name]}: {len(old[name].sha256s ^ new[name].sha256s)} hashes", FILES))
    return found


def _resolved(
    folder: EnvironmentFolder, variants: Sequence[str], progress: Progress, *, upgrade: bool
) -> dict[str, dict[str, Pin]]:
    with tempfile.TemporaryDirectory(prefix="matterzoo-lock-") as scratch:
        copy = Path(shutil.copytree(folder.path, Path(scratch) / folder.name))
        lock_environment(read_environment(copy), variants, upgrade=upgrade, progress=progress)
        return {name: _pins(copy / f"{name}.lock") for name in variants}


def _pins(lock: Path) -> dict[str, Pin]:
    return {pin.name: pin for pin in read_lock(lock)}
