"""What was done, under which key, and how long it took: a step is skipped if its key is still the same."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from matterzoo_schemas.canonical import canonical_json


class Steps:
    """The steps of one folder, one small file each in `steps/`.

    Parameters
    ----------
    folder
        Of one data set, or of the whole study.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "steps"

    def done(self, name: str, key: str) -> bool:
        """Tell whether the step was finished with this very key."""
        return self.read(name).get("key") == key

    def read(self, name: str) -> dict[str, Any]:
        """Return what was noted when the step ended; empty if it never did."""
        try:
            content: dict[str, Any] = json.loads((self._folder / f"{name}.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return content

    @contextmanager
    def doing(self, name: str, key: str, **facts: Any) -> Iterator[None]:
        """Time a step, and note its end if nothing was raised."""
        began = time.monotonic()
        yield
        self.note(name, {"key": key, "seconds": round(time.monotonic() - began, 3), **facts})

    def note(self, name: str, content: dict[str, Any]) -> None:
        """Write a step's file; the rename is the commit."""
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f".{name}.part"
        part.write_bytes(canonical_json(content) + b"\n")
        part.replace(self._folder / f"{name}.json")
