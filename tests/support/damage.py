"""Damage: one bit of a file is another one."""

from __future__ import annotations

from pathlib import Path


def flip_bit(file: Path, place: int, bit: int = 0) -> None:
    """Flip one bit of a file where it lies; once more brings it back."""
    with file.open("r+b", buffering=0) as stream:
        stream.seek(place)
        byte = stream.read(1)[0]
        stream.seek(place)
        stream.write(bytes([byte ^ (1 << bit)]))
