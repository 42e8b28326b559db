"""Files as one tar that is never on the disk: what an engine builds from, and what it loads."""

from __future__ import annotations

import io
import os
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

SOURCE_DATE_EPOCH = 1_700_000_000
"""The date of every file that a build is given."""


@contextmanager
def packed(content: Mapping[str, Path | bytes]) -> Iterator[BinaryIO]:
    """Give files as one tar to read from, which a thread packs meanwhile: a build context, or an image to load."""
    reading, writing = os.pipe()
    packer = threading.Thread(target=_pack, args=(content, writing), daemon=True)
    with os.fdopen(reading, "rb") as stream:
        packer.start()
        yield stream
    packer.join()


def _pack(content: Mapping[str, Path | bytes], descriptor: int) -> None:
    """Pack files with fixed owner, mode and date, sorted."""
    try:
        with os.fdopen(descriptor, "wb") as sink, tarfile.open(fileobj=sink, mode="w|") as archive:
            for name, source in sorted(content.items()):
                info = tarfile.TarInfo(name)
                info.mode, info.mtime = 0o644, SOURCE_DATE_EPOCH
                if isinstance(source, bytes):
                    info.size = len(source)
                    archive.addfile(info, io.BytesIO(source))
                else:
                    info.size = source.stat().st_size
                    with source.open("rb") as stream:
                        archive.addfile(info, stream)
    except BrokenPipeError:
        pass  # the engine has refused the rest, and says why itself
