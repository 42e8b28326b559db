"""How much lies on this machine, and what of it nothing uses any more."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from matterzoo_harness import locations
from matterzoo_harness.store import Store, writing
from matterzoo_harness.upkeep.needs import Needs, archives

YOUNG_SECONDS = 24 * 3600
"""What was written later than this is left: a fetch or a lock that is under way may be about to use it."""
KINDS = {".whl": "wheels", ".deb": "Debian packages", ".gz": "sources", ".zip": "sources", ".tgz": "sources"}


@dataclass(frozen=True)
class Holding:
    """One thing that can be kept or removed.

    Parameters
    ----------
    kind
        `wheels`, `Debian packages`, `checkpoints and bases`, `environments`, `leftovers`, …
    path
        File or folder; removing it is all that there is to do.
    size
        Bytes that it takes on the disk; what two environments share counts once.
    used
        Whether anything needs it.
    """

    kind: str
    path: Path
    size: int
    used: bool


def holdings(needed: Needs, store: Store) -> list[Holding]:
    """List all that lies in the store and in the cache.

    Parameters
    ----------
    needed
        What is in use.
    store
        The store.
    """
    seen: set[tuple[int, int]] = set()
    found = []
    for folder in sorted(store.root.glob("sha256/*/*")):
        name = next((entry.name for entry in folder.iterdir()), "")
        used = folder.name in needed.contents or _young(folder)
        kind = KINDS.get(Path(name).suffix, "checkpoints and bases")
        found.append(Holding(kind, folder, _size(folder, seen), used))
    found += [Holding("restored archives", folder, _size(folder, seen), used=True) for folder in archives()]
    for folder in sorted((locations.cache() / "environments").glob("*/")):
        used = folder in needed.environments or _running(folder) or _young(folder)
        found.append(Holding("environments", folder, _size(folder, seen), used))
    for folder in sorted((store.root / "incoming").glob("*/")):
        found.append(Holding("leftovers", folder, _size(folder, seen), _young(folder)))
    return found


def remove(unused: Iterable[Holding], store: Store) -> int:
    """Remove what nothing uses, and return how many bytes that freed.

    Raises
    ------
    MatterzooError
        `CANNOT_WRITE`.
    """
    freed = 0
    with writing(store.root), FileLock(store.root / "lock"):
        for holding in unused:
            if not holding.used:
                shutil.rmtree(holding.path)
                freed += holding.size
    return freed


def _size(folder: Path, seen: set[tuple[int, int]]) -> int:
    """Add up what a folder takes; a file that was counted before, under another name, is not counted again."""
    total = 0
    for entry in _files(folder):
        stat = entry.stat(follow_symlinks=False)
        if stat.st_nlink == 1 or (stat.st_dev, stat.st_ino) not in seen:
            total += stat.st_blocks * 512
        if stat.st_nlink > 1:
            seen.add((stat.st_dev, stat.st_ino))
    return total


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            else:
                yield entry


def _young(path: Path) -> bool:
    return time.time() - path.stat().st_mtime < YOUNG_SECONDS


def _running(environment: Path) -> bool:
    """Tell whether a process runs in a virtual environment: its first word is that environment's Python."""
    start = f"{environment}/".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cmdline").read_bytes().startswith(start):
                return True
        except OSError:
            continue
    return False
