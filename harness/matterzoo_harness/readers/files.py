"""Which files an input names, and how their bytes are had: plain, gzip, bzip2 or xz."""

from __future__ import annotations

import bz2
import glob
import gzip
import io
import lzma
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

COMPRESSIONS: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_WILDCARDS = "*?["


@dataclass(frozen=True)
class Source:
    """One input file.

    Parameters
    ----------
    path
        Where it is.
    name
        What its records are called if the file names none: the path below the folder that was asked for, without
        suffixes; of a file asked for by its own path, the stem.
    chosen
        Whether the user named this very file, rather than a folder that it lies in.
    """

    path: Path
    name: str
    chosen: bool = True

    @property
    def plain_name(self) -> str:
        """The file's name without the suffix of a compression."""
        return self.path.stem if self.path.suffix.lower() in COMPRESSIONS else self.path.name

    @property
    def suffix(self) -> str:
        """The lower-case suffix that tells the format."""
        return Path(self.plain_name).suffix.lower()

    def open(self) -> IO[bytes]:
        """Open the decompressed bytes."""
        opener = COMPRESSIONS.get(self.path.suffix.lower())
        return cast("IO[bytes]", opener(self.path)) if opener else self.path.open("rb")

    def text(self) -> str:
        """Return the whole decompressed text; a byte-order mark is dropped."""
        with self.open() as file:
            return file.read().decode("utf-8-sig")

    @contextmanager
    def lines(self) -> Iterator[IO[str]]:
        """Open the decompressed text."""
        with self.open() as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
            yield text

    def head(self, size: int = 65536) -> bytes:
        """Return the first decompressed bytes."""
        with self.open() as file:
            return file.read(size)

    @contextmanager
    def plain_path(self) -> Iterator[Path]:
        """Yield a path to the decompressed file, for libraries that take nothing else."""
        if self.path.suffix.lower() not in COMPRESSIONS:
            yield self.path
            return
        with tempfile.TemporaryDirectory(prefix="matterzoo-") as folder:
            plain = Path(folder) / self.plain_name
            with self.open() as packed, plain.open("wb") as file:
                shutil.copyfileobj(packed, file)
            yield plain


def expand(source: str | Path) -> list[Source]:
    """Return the files that a path, a folder or a glob pattern names, sorted.

    Raises
    ------
    MatterzooError
        `INPUT_MISSING` if there is none.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        return _below(path, (p for p in path.rglob("*") if p.is_file()), chosen=False)
    if path.is_file():
        return [Source(path, _without_suffixes(Path(path.name)))]
    if any(character in str(path) for character in _WILDCARDS):
        fixed = Path(*_fixed_parts(path))
        matches = [Path(match) for match in glob.glob(str(path), recursive=True)]  # noqa: PTH207 (absolute patterns)
        if files := _below(fixed, (p for p in matches if p.is_file()), chosen=True):
            return files
        raise MatterzooError(ExitCode.INPUT_MISSING, f"no file matches {source}")
    raise MatterzooError(
        ExitCode.INPUT_MISSING,
        f"there is no file or folder {source}",
        "without files: sample:molecules, sample:crystals, sample:proteins, sample:grids",
    )


def _below(folder: Path, paths: Iterator[Path], *, chosen: bool) -> list[Source]:
    visible = [p for p in paths if not any(part.startswith(".") for part in p.relative_to(folder).parts)]
    return [Source(p, _without_suffixes(p.relative_to(folder)), chosen) for p in sorted(visible)]


def _fixed_parts(pattern: Path) -> list[str]:
    parts: list[str] = []
    for part in pattern.parts[:-1]:
        if any(character in part for character in _WILDCARDS):
            break
        parts.append(part)
    return parts


def _without_suffixes(path: Path) -> str:
    if path.suffix.lower() in COMPRESSIONS:
        path = path.with_suffix("")
    return path.with_suffix("").as_posix().encode(errors="replace").decode()  # a name need not be UTF-8, an id must
