"""Bring an archive back: its bytes into the store, its model into a folder of its own, without network."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from matterzoo_harness import locations
from matterzoo_harness.archive.reading import Archive, Checked, check, opened
from matterzoo_harness.archive.writing import PIECE, SUMS, Hashing, Tick, silent
from matterzoo_harness.store import Store, writing
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

NOTES = {"built", "folders", "registry-bases"}
"""Kinds of facts that an archive may put into the store."""
_KEY = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")


@dataclass(frozen=True)
class Restored:
    """An archive that was brought back.

    Parameters
    ----------
    folder
        What is not in the store: a private zoo (`MATTERZOO_PATH`) with the worker, the image, and `replay.py`.
    checked
        The archive.
    """

    folder: Path
    checked: Checked


def restore(path: Path, identity: str = "", tick: Tick = silent) -> Restored:
    """Bring an archive back.

    Parameters
    ----------
    path
        A folder or a tar.
    identity
        What its `sha256sums` must hash to, where the reader knows that from elsewhere.
    tick
        Told how far it is.

    Raises
    ------
    MatterzooError
        `DIGEST_MISMATCH` if it is not whole, before anything was done; `BAD_INPUT` for one that asks for what no
        archive of ours asks for; `CANNOT_WRITE`, `DISK_FULL`.
    """
    store = Store()
    with opened(path) as archive:
        checked = check(archive, identity, tick)
        notes = [_note(*note) for note in checked.manifest["notes"]]
        target = restored_folder(checked.identity)
        with store.scratch() as scratch, writing(target):
            total, done = checked.size, 0
            for name, sha256 in checked.files.items():
                done += _bring(archive, name, sha256, scratch, store, kept=name in checked.manifest["kept"])
                tick("restoring", done, total)
            with archive.open(SUMS) as stream:
                (scratch / SUMS).write_bytes(stream.read())  # gc reads there what the store holds for this archive
            families = scratch / "sources" / "matterzoo_adapters" / "models"
            if families.is_dir():
                (scratch / "adapters").symlink_to(families.relative_to(scratch))
            for folder in [scratch, *(entry for entry in scratch.rglob("*") if entry.is_dir())]:
                folder.chmod(0o755)  # whoever reads it in a container is nobody
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(target, ignore_errors=True)
            scratch.rename(target)
    for kind, key, value in notes:
        store.put_note(kind, key, value)
    return Restored(target, checked)


def restored_folder(identity: str) -> Path:
    """Say where an archive's own files lie once it was restored."""
    return locations.home() / "archives" / identity[:16]


def _bring(archive: Archive, name: str, sha256: str, scratch: Path, store: Store, *, kept: bool) -> int:
    """Copy one file out of the archive, look at it again, and put it where it belongs."""
    file = scratch / name
    file.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(name) as stream, file.open("wb") as sink:
        hashed = Hashing(stream)
        shutil.copyfileobj(hashed, sink, PIECE)
        size = sink.tell()
    if hashed.digest.hexdigest() != sha256:
        raise MatterzooError(ExitCode.DIGEST_MISMATCH, f"{name} changed while it was read", "take another copy")
    if not kept:
        file.chmod(0o644)
        return size
    store.add(file, sha256, PurePosixPath(name).name)
    if name.startswith("weights/"):  # replay.py looks for them where they lay
        os.link(store.get(sha256), file)
    return size


def _note(kind: str, key: str, value: str) -> tuple[str, str, str]:
    """Look at a fact before it is believed: it names files.

    Raises
    ------
    MatterzooError
        `BAD_INPUT`.
    """
    good = kind in NOTES and bool(_KEY.fullmatch(key))
    if good and kind == "folders":
        names = json.loads(value)
        good = all(part not in ("", ".", "..") for name in names for part in str(name).split("/"))
    if not good:
        raise MatterzooError(ExitCode.BAD_INPUT, f"the archive wants to note {kind}/{key}, which none of ours does")
    return kind, key, value
