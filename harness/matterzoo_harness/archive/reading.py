"""Read an archive and trust nothing in it: every file is listed, no other is there, every bit is as it was written."""

from __future__ import annotations

import json
import re
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from matterzoo_harness.archive.contents import FORMAT
from matterzoo_harness.archive.writing import PIECE, SUMS, UNSUMMED, Hashing, Tick, silent, tar_entry
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

_LINE = re.compile(r"([0-9a-f]{64})  ([^\x00-\x1f\\]+)")
SHOWN = 20
MOST_PADDING = 2 * tarfile.BLOCKSIZE + tarfile.RECORDSIZE
"""What follows a tar's last file: two empty blocks, and zeros up to a whole record."""


class Archive(Protocol):
    """An archive that is being read."""

    path: Path

    def sizes(self) -> dict[str, int]:
        """Return every regular file and its size."""
        ...

    def faults(self) -> list[str]:
        """Name what should not be there at all: links, devices, bytes between files."""
        ...

    def open(self, name: str) -> BinaryIO:
        """Open a file."""
        ...


@dataclass(frozen=True)
class Checked:
    """A whole archive.

    Parameters
    ----------
    identity
        SHA-256 of `sha256sums`.
    files
        Path → SHA-256.
    size
        Bytes of all files.
    manifest
        What `manifest.json` says.
    """

    identity: str
    files: dict[str, str]
    size: int
    manifest: dict[str, Any]


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open a folder or a tar.

    Raises
    ------
    MatterzooError
        `INPUT_MISSING` if there is none.
    """
    if path.is_dir():
        yield _Folder(path)
    elif path.is_file():
        with path.open("rb") as stream:
            yield _Tar(path, stream)
    else:
        raise MatterzooError(ExitCode.INPUT_MISSING, f"there is no archive {path}")


def verify(path: Path, identity: str = "", tick: Tick = silent) -> Checked:
    """Read an archive through.

    Parameters
    ----------
    path
        A folder or a tar.
    identity
        What it must be, where the reader knows that from elsewhere.
    tick
        Told how far it is.

    Raises
    ------
    MatterzooError
        `DIGEST_MISMATCH` naming every file that is missing, unlisted, or not what was written; `INPUT_MISSING`.
    """
    with opened(path) as archive:
        return check(archive, identity, tick)


def check(archive: Archive, identity: str = "", tick: Tick = silent) -> Checked:
    """Read an opened archive through; see `verify`."""
    wrong = archive.faults()
    sizes = archive.sizes()
    listed, bad_lines, found = _sums(archive, sizes)
    wrong += bad_lines
    if identity and found != identity:
        wrong.append(f"{SUMS} is not the expected one: its sha256 is {found}")
    wrong += [f"{name} is missing" for name in sorted(set(listed) - set(sizes))]
    wrong += [f"{name} is not listed in {SUMS}" for name in sorted(set(sizes) - set(listed) - UNSUMMED)]
    total, done = sum(sizes.values()), 0
    for name in sorted(set(listed) & set(sizes)):
        with archive.open(name) as stream:
            hashed = Hashing(stream, partial(_told, tick, done, total))
            while hashed.read(PIECE):
                pass
        done += sizes[name]
        if hashed.digest.hexdigest() != listed[name]:
            wrong.append(f"{name} has another content than {SUMS} says")
    if wrong:
        more = f"\n  … and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise MatterzooError(
            ExitCode.DIGEST_MISMATCH,
            f"{archive.path} is damaged or was changed:\n  " + "\n  ".join(wrong[:SHOWN]) + more,
            "do not use it; take another copy",
        )
    return Checked(found, listed, total, _manifest(archive))


def _told(tick: Tick, before: int, total: int, read: int) -> None:
    tick("reading", before + read, total)


def _sums(archive: Archive, sizes: dict[str, int]) -> tuple[dict[str, str], list[str], str]:
    """Return what `sha256sums` lists, what is wrong with it, and its own hash."""
    if SUMS not in sizes:
        raise MatterzooError(
            ExitCode.DIGEST_MISMATCH, f"{archive.path} has no {SUMS}: it is no archive, or was damaged", "another copy"
        )
    with archive.open(SUMS) as stream:
        content = stream.read()
    listed: dict[str, str] = {}
    wrong = [] if content.endswith(b"\n") else [f"{SUMS} was cut off"]
    for number, line in enumerate(content.decode("utf-8", "surrogateescape").split("\n")[:-1], 1):
        match = _LINE.fullmatch(line)
        parts = match[2].split("/") if match else [""]
        if match is None or match[2] in listed or not all(part not in ("", ".", "..") for part in parts):
            wrong.append(f"{SUMS}, line {number}, is not a hash and a path below this folder")
        else:
            listed[match[2]] = match[1]
    return listed, wrong, sha256(content).hexdigest()


def _manifest(archive: Archive) -> dict[str, Any]:
    try:
        with archive.open("manifest.json") as stream:
            manifest = json.load(stream)
        if manifest["kind"] == "matterzoo archive" and manifest["format"] == FORMAT:
            return dict(manifest)
        said = f"kind {manifest['kind']!r}, format {manifest['format']!r}"
    except (KeyError, TypeError, ValueError, OSError) as error:
        said = f"its manifest.json cannot be read ({error!r})"
    raise MatterzooError(ExitCode.BAD_INPUT, f"{archive.path} is no archive that this release reads: {said}")


class _Folder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def sizes(self) -> dict[str, int]:
        return {name: file.stat().st_size for name, file in self._entries() if stat.S_ISREG(file.lstat().st_mode)}

    def faults(self) -> list[str]:
        allowed = (stat.S_ISREG, stat.S_ISDIR)
        return [
            f"{name} is neither a file nor a folder"
            for name, file in self._entries()
            if not any(kind(file.lstat().st_mode) for kind in allowed)
        ]

    def open(self, name: str) -> BinaryIO:
        return (self.path / name).open("rb")

    def _entries(self) -> Iterator[tuple[str, Path]]:
        for file in sorted(self.path.rglob("*")):
            yield file.relative_to(self.path).as_posix(), file


class _Tar:
    """A tar as `write_archive` makes it: its headers are made anew and compared, so that each byte counts."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self.path = path
        self._stream = stream
        self._faults: list[str] = []
        self._members: dict[str, tarfile.TarInfo] = {}
        end = self._read_headers()
        self._stream.seek(end)
        rest = self._stream.read(MOST_PADDING + 1)
        good = 2 * tarfile.BLOCKSIZE <= len(rest) <= MOST_PADDING and (end + len(rest)) % tarfile.RECORDSIZE == 0
        if any(rest) or not good:
            self._faults.append(f"{path.name}: what follows the last file that can be read, at byte {end}, is damaged")

    def sizes(self) -> dict[str, int]:
        return {name: member.size for name, member in self._members.items() if member.isreg()}

    def faults(self) -> list[str]:
        return list(self._faults)

    def open(self, name: str) -> BinaryIO:
        return cast("BinaryIO", self._tar.extractfile(self._members[name]))

    def _read_headers(self) -> int:
        """Read every header, compare it with the one that we would write, and return where the last file ends."""
        end = 0
        try:
            self._tar = tarfile.open(fileobj=self._stream, mode="r:")  # noqa: SIM115 (the stream is the caller's)
            for member in self._tar:
                self._stream.seek(end)
                header = self._stream.read(member.offset_data - end)
                padded = -(-member.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
                self._stream.seek(member.offset_data + member.size)
                padding = self._stream.read(padded - member.size)
                expected = tar_entry(member.name, member.size).tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
                if header != expected or any(padding) or member.name in self._members:
                    self._faults.append(f"{member.name}: its entry in {self.path.name} is damaged")
                self._members.setdefault(member.name, member)
                end = member.offset_data + padded
        except (tarfile.TarError, UnicodeError, ValueError) as error:
            self._faults.append(f"{self.path.name}: after byte {end} it is no tar: {error}")
        return end
