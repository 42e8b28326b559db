"""A clean store: what `fetch` puts into an empty one for an image, and nothing that was made of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from matterzoo_harness.bases.choice import choose_base
from matterzoo_harness.bases.debian import read_debs, suite_of
from matterzoo_harness.environments.folder import EnvironmentFolder
from matterzoo_harness.environments.sealed import tool_pins
from matterzoo_harness.store import Store


def clean_store(folder: EnvironmentFolder, variant: str, source: Store, root: Path) -> Store:
    """Copy what an environment's image is made of into an empty store, each file compared with its hash.

    Wheels that were built from source stay behind: from the clean store they are built anew.

    Parameters
    ----------
    folder, variant
        The environment and its lock.
    source
        The store to copy from.
    root
        The empty store's folder; made.

    Returns
    -------
    Store
        Another one with no byte in common on the disk; what `source` lacks, it lacks.

    Raises
    ------
    MatterzooError
        `DIGEST_MISMATCH` for a file that was damaged in the source; `DISK_FULL`, `CANNOT_WRITE`.
    """
    clean, python = Store(root), folder.environment.python
    wanted = {sha256 for pin in [*folder.pins(variant), *tool_pins()] for sha256 in pin.sha256s}
    if choose_base(python, source) == "debootstrap":
        wanted |= {deb.sha256 for deb in read_debs(suite_of(python))}
    elif note := source.note("registry-bases", python):
        wanted.add(json.loads(note)["archive"])
        clean.put_note("registry-bases", python, note)
    for sha256 in sorted(wanted):
        if path := source.find(sha256):
            with clean.scratch() as scratch:
                clean.add(Path(shutil.copyfile(path, scratch / path.name)), sha256)
    return clean
