"""XYZ and extended XYZ, frame by frame with ASE."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import IO

from ase.io.extxyz import read_xyz

from matterzoo_harness.readers.ase_atoms import entry_of_atoms
from matterzoo_harness.readers.files import Source
from matterzoo_harness.readers.result import Entry


def read_extxyz(source: Source) -> Iterator[Entry]:
    """Yield the frames; one that ASE cannot parse costs only itself.

    A frame whose first line is no number of atoms hides where the next one starts: it is the last entry.
    """
    with source.lines() as file:
        for frame in _frames(file):
            try:
                yield entry_of_atoms(next(iter(read_xyz(StringIO(frame), 0))))
            except Exception as error:  # noqa: BLE001 (ASE raises what it meets)
                yield Entry(failure=f"the frame cannot be parsed: {error or type(error).__name__}")


def _frames(file: IO[str]) -> Iterator[str]:
    """Cut the text at the counts of atoms, taking lines `VEC1 … VEC3` (cell vectors of ADF) along."""
    first, number = file.readline(), 1
    while first.strip():
        try:
            size = int(first)
        except ValueError:
            if number == 1:
                raise ValueError(f"line 1 is not a number of atoms: {first.strip()[:60]!r}") from None
            yield first  # ASE's message says what is wrong with it
            return
        lines = [first, *(file.readline() for _ in range(size + 1))]
        while (first := file.readline()).lstrip().startswith("VEC"):
            lines.append(first)
        number += len(lines)
        yield "".join(lines)
