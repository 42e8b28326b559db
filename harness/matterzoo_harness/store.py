"""The store: every byte that an environment is made of, under the hash of its content.

`<MATTERZOO_HOME>/store/sha256/ab/abcd…/<original file name>`: one file in one folder, written once, never changed. The
original name is kept because a wheel's name says what it fits. Any number of processes may add at the same time.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from matterzoo_harness import locations
from matterzoo_schemas.canonical import sha256_of_file
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


class Store:
    """A content-addressed folder of files.

    Parameters
    ----------
    root
        The folder; `<MATTERZOO_HOME>/store` by default.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = (root or locations.home() / "store").absolute()

    def find(self, sha256: str) -> Path | None:
        """Give the file of that content, unread; None if the store lacks it."""
        folder = self._folder(sha256)
        try:
            with os.scandir(folder) as entries:
                return next((Path(entry.path) for entry in entries if entry.is_file()), None)
        except FileNotFoundError:
            return None

    def get(self, sha256: str) -> Path:
        """Give the file of that content after reading it through.

        Raises
        ------
        MatterzooError
            INPUT_MISSING if the store lacks it, DIGEST_MISMATCH if what lies there is something else by now.
        """
        path = self.find(sha256)
        if path is None:
            raise MatterzooError(ExitCode.INPUT_MISSING, f"{self.root} holds nothing of sha256 {sha256}")
        if sha256_of_file(path) != sha256:
            raise MatterzooError(
                ExitCode.DIGEST_MISMATCH,
                f"{path} was damaged: its content is not of the sha256 that it is kept under",
                f"rm -r {path.parent}, then fetch again",
            )
        return path

    def add(self, file: Path, expected: str | None = None, name: str | None = None) -> str:
        """Move a file into the store.

        Parameters
        ----------
        file
            The file; gone from its place afterwards.
        expected
            The sha256 it must have.
        name
            The name to keep it under; its own by default.

        Returns
        -------
        str
            Its sha256.

        Raises
        ------
        MatterzooError
            DIGEST_MISMATCH if it is empty or not what was expected; DISK_FULL, CANNOT_WRITE.
        """
        digest = sha256_of_file(file)
        if digest == EMPTY_SHA256:
            raise MatterzooError(
                ExitCode.DIGEST_MISMATCH, f"{name or file.name} is empty: nothing was had", "fetch again"
            )
        if expected is not None and digest != expected:
            raise MatterzooError(
                ExitCode.DIGEST_MISMATCH,
                f"{name or file.name} has sha256 {digest}, but {expected} was expected",
                "if its source was changed on purpose, make the lock or card anew; otherwise do not use it",
            )
        target = self._folder(digest) / (name or file.name)
        with writing(self.root):
            target.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.root / "lock"):
                if self.find(digest) is None:
                    self._commit(file, target)
        file.unlink(missing_ok=True)
        return digest

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give a folder on the store's own file system for files under way; removed at the end."""
        with writing(self.root):
            parent = self.root / "incoming"
            parent.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(dir=parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def note(self, kind: str, key: str) -> str | None:
        """Read a short fact kept beside the files, such as which wheel was built from a source."""
        try:
            return (self.root / kind / key).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None

    def put_note(self, kind: str, key: str, value: str) -> None:
        """Keep a short fact."""
        with writing(self.root):
            path = self.root / kind / key
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = path.with_name(f".{key}.{os.getpid()}")
            scratch.write_text(f"{value}\n", encoding="utf-8")
            scratch.replace(path)

    def _folder(self, sha256: str) -> Path:
        return self.root / "sha256" / sha256[:2] / sha256

    def _commit(self, file: Path, target: Path) -> None:
        """Bring the bytes onto the store's file system, to the disk, and under their name, in that order."""
        scratch = self.root / "incoming" / f"{target.parent.name}.{os.getpid()}"
        scratch.parent.mkdir(exist_ok=True)
        shutil.move(file, scratch)
        scratch.chmod(0o444)
        with scratch.open("rb") as stream:
            os.fsync(stream.fileno())
        scratch.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write into ours.

    Raises
    ------
    MatterzooError
        DISK_FULL or CANNOT_WRITE, naming the place.
    """
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise MatterzooError(
                ExitCode.DISK_FULL, f"no space left for {place}", "free some, or set MATTERZOO_HOME to a larger disk"
            ) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR}:
            raise MatterzooError(
                ExitCode.CANNOT_WRITE, f"{place} cannot be written: {error.strerror}", "set MATTERZOO_HOME elsewhere"
            ) from error
        raise
