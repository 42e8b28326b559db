"""Write an archive: a folder or a tar, each file hashed while it is copied, `sha256sums` last."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Protocol

from matterzoo_harness.store import writing
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

SUMS = "sha256sums"
UNSUMMED = {SUMS, f"{SUMS}.sig"}
"""What `sha256sums` cannot list: itself, and the signature of it."""
DATE = 1_700_000_000
"""The date of every file: an archive of the same content has the same bytes."""
PIECE = 1 << 20
Tick = Callable[[str, int, int], None]
"""Told what is being done, and how many bytes of how many are."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


def write_archive(files: Mapping[str, Path | bytes], target: Path, tick: Tick = silent) -> str:
    """Write all files and their hashes.

    Parameters
    ----------
    files
        Path in the archive → its bytes, or the file that has them.
    target
        A folder to be made, or a file whose name ends in `.tar`.
    tick
        Told how far it is.

    Returns
    -------
    identity
        SHA-256 of `sha256sums`: it names every byte.

    Raises
    ------
    MatterzooError
        `CANNOT_WRITE` if something is there already; `DISK_FULL`.
    """
    if target.exists():
        raise MatterzooError(ExitCode.CANNOT_WRITE, f"{target} is there already", "choose another -o, or remove it")
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    total = sum(len(source) if isinstance(source, bytes) else source.stat().st_size for source in files.values())
    done, lines = 0, []
    try:
        with writing(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
            with _TarSink(unfinished) if target.suffix == ".tar" else _FolderSink(unfinished) as sink:
                for path, source in sorted(files.items()):
                    size = len(source) if isinstance(source, bytes) else source.stat().st_size
                    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
                        hashed = Hashing(stream, partial(_told, tick, done, total))
                        sink.put(path, size, hashed)
                    done += size
                    lines.append(f"{hashed.digest.hexdigest()}  {path}\n")
                sums = "".join(lines).encode()
                sink.put(SUMS, len(sums), io.BytesIO(sums))
            unfinished.replace(target)
    finally:
        if unfinished.is_dir():
            shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.unlink(missing_ok=True)
    return hashlib.sha256(sums).hexdigest()


def _told(tick: Tick, before: int, total: int, read: int) -> None:
    tick("writing", before + read, total)


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Read a piece."""
        ...


class Hashing:
    """A stream that is hashed while it is read."""

    def __init__(self, stream: Readable, progress: Callable[[int], None] = lambda _: None) -> None:
        self._stream = stream
        self._progress = progress
        self._read = 0
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read a piece."""
        piece = self._stream.read(size)
        self.digest.update(piece)
        self._read += len(piece)
        self._progress(self._read)
        return piece


def tar_entry(path: str, size: int) -> tarfile.TarInfo:
    """Describe a file as every archive of ours does: owner, mode and date are fixed."""
    info = tarfile.TarInfo(path)
    info.size, info.mode, info.mtime = size, 0o644, DATE
    return info


class _FolderSink(AbstractContextManager["_FolderSink"]):
    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir()

    def put(self, path: str, size: int, source: Readable) -> None:
        file = self._root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as sink:
            shutil.copyfileobj(source, sink, PIECE)
            written = sink.tell()
        if written != size:
            raise MatterzooError(ExitCode.BAD_INPUT, f"{path} changed while it was archived", "again")
        file.chmod(0o644)

    def __exit__(self, *_: object) -> None:
        for folder in [self._root, *(path for path in self._root.rglob("*") if path.is_dir())]:
            folder.chmod(0o755)  # whoever reads it in a container is nobody


class _TarSink(AbstractContextManager["_TarSink"]):
    def __init__(self, file: Path) -> None:
        self._tar = tarfile.open(file, "w", format=tarfile.GNU_FORMAT)  # noqa: SIM115 (closed below)

    def put(self, path: str, size: int, source: Readable) -> None:
        self._tar.addfile(tar_entry(path, size), source)

    def __exit__(self, *_: object) -> None:
        self._tar.close()
