"""One build of an image at a time: of models that share an environment one has it built, and the others wait."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from matterzoo_harness import locations
from matterzoo_harness.runtimes.base import Progress


@contextmanager
def turn(image: str, progress: Progress) -> Iterator[None]:
    """Wait until no other thread or process of this cache builds an image; whoever waited looks for it again."""
    folder = locations.cache() / "builds"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{re.sub('[^A-Za-z0-9.]+', '-', image)}.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        progress(f"waiting for {image}, which another one builds")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
