"""Environments take room."""

from __future__ import annotations

import shutil
from pathlib import Path

from matterzoo_harness.doctor.finding import Finding
from matterzoo_harness.locations import cache, home

ENOUGH_BYTES = 10 * 10**9
"""Room for a few CPU environments, or one CUDA environment with its wheels."""


def look() -> Finding:
    """Look at the room where the store and the environments lie."""
    rooms = {place: shutil.disk_usage(_existing(place)).free for place in (home(), cache())}
    text = ", ".join(f"{free / 1e9:.0f} GB free for {place}" for place, free in rooms.items())
    if min(rooms.values()) >= ENOUGH_BYTES:
        return Finding("disk", "ok", text)
    return Finding("disk", "note", text, "set MATTERZOO_HOME and MATTERZOO_CACHE to folders with more room")


def _existing(place: Path) -> Path:
    return next(folder for folder in (place, *place.parents) if folder.exists())
