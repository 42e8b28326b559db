"""What an archive will hold: paths, where their bytes are, and what `restore` does with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matterzoo_harness.store import Store

FORMAT = 1
"""Version of the archive's layout, in `manifest.json`."""


@dataclass
class Contents:
    """The growing table of an archive.

    Parameters
    ----------
    files
        Path in the archive → its bytes, or the file that has them.
    kept
        Paths that `restore` puts into the store.
    notes
        Short facts of the store: kind, key, value.
    left_out
        What is not in it, why, and where it can be had.
    """

    files: dict[str, Path | bytes] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    notes: set[tuple[str, str, str]] = field(default_factory=set)
    left_out: list[dict[str, str]] = field(default_factory=list)

    def add(self, path: str, source: Path | bytes) -> None:
        """Put something at a path."""
        self.files[path] = source

    def keep(self, path: str, sha256: str, store: Store) -> None:
        """Put a file of the store at a path, read through and compared with its hash; `restore` puts it back."""
        self.files[path] = store.get(sha256)
        self.kept.add(path)

    def add_folder(self, path: str, folder: Path, pattern: str = "*") -> None:
        """Put the files of a folder below a path."""
        for file in sorted(folder.rglob(pattern)):
            if file.is_file() and "__pycache__" not in file.parts:
                self.add(f"{path}/{file.relative_to(folder).as_posix()}", file)

    def leave_out(self, what: str, why: str, where: str) -> None:
        """Say what is missing."""
        self.left_out.append({"what": what, "why": why, "where": where})

    def manifest(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Return what `manifest.json` says."""
        return {
            "kind": "matterzoo archive",
            "format": FORMAT,
            **facts,
            "kept": sorted(self.kept),
            "notes": sorted(map(list, self.notes)),
            "left_out": self.left_out,
        }
