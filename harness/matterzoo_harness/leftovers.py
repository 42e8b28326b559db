"""What a run that died left half written."""

from __future__ import annotations

import glob
from pathlib import Path

import psutil


def remove_left_overs(file: Path) -> None:
    """Remove the unfinished copies of a file (`.<name>.<process>.part`) whose writers are no more."""
    for part in file.parent.glob(f".{glob.escape(file.name)}.*.part"):
        writer = part.name.split(".")[-2]
        if not (writer.isdigit() and psutil.pid_exists(int(writer))):
            part.unlink(missing_ok=True)
