"""Resume by strip: the state of every sweep, saved now and then beside the results."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from matterzoo_harness.metrics.inputs import Joined
from matterzoo_harness.metrics.presets import Preset
from matterzoo_harness.metrics.split import Sweeper
from matterzoo_harness.metrics.sweep import Pass, sweep
from matterzoo_harness.metrics.views import Features

EPOCH = 1
"""Raised by hand when the arithmetic changes, so that old states are not continued."""


def state_key(joined: Joined, preset: Preset, **settings: Any) -> str:
    """Return the sha256 of everything that decides the numbers: embeddings, ids, preset, settings, versions."""
    digest = hashlib.sha256()
    head = {
        "epoch": EPOCH,
        "torch": torch.__version__,
        "preset": asdict(preset),
        "names": joined.names,
        "ids": joined.ids,
        "shapes": [a.shape for a in joined.arrays],
        "types": [str(a.dtype) for a in joined.arrays],
        **settings,
    }
    digest.update(json.dumps(head, sort_keys=True).encode())
    for array in joined.arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


class Checkpoint:
    """Runs sweeps so that a killed process can go on where the last save was.

    Parameters
    ----------
    folder
        Where the states lie until the comparison is done.
    key
        See `state_key`; states of another key are ignored and overwritten.
    seconds
        Least time between two saves.
    progress
        Called with (sweep, finished rows, all rows).
    sweeps
        What runs a sweep: on one device, or on several.
    """

    def __init__(
        self,
        folder: Path,
        key: str,
        seconds: float = 20.0,
        progress: Callable[[str, int, int], None] | None = None,
        sweeps: Sweeper = sweep,
    ) -> None:
        self.sweeps = sweeps
        self.folder, self.key, self.seconds, self.progress = folder, key, seconds, progress
        self.resumed = 0

    def __call__(self, name: str, features: Sequence[Features], passes: Sequence[Pass], height: int) -> None:
        """Run one sweep, from its last saved strip on."""
        records = len(features[0].source)
        done = self._restore(name, passes)
        self.resumed += done
        saved = time.monotonic()

        def after(rows: int) -> None:
            nonlocal saved
            if self.progress is not None:
                self.progress(name, rows, records)
            if rows == records or time.monotonic() - saved >= self.seconds:
                self._save(name, passes, rows)
                saved = time.monotonic()

        if done < records:
            self.sweeps(features, passes, height, done, after)

    def clear(self) -> None:
        """Remove the states: the results are written."""
        for file in self.folder.glob("*.npz*"):
            file.unlink()
        if self.folder.is_dir():
            self.folder.rmdir()

    def _save(self, name: str, passes: Sequence[Pass], done: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {"key": np.array(self.key), "done": np.array(done)}
        for i, each in enumerate(passes):
            arrays |= {f"{i}/sums/{k}": v.cpu().numpy() for k, v in each.sums.items()}
            arrays |= {f"{i}/rows/{k}": v[:, :done].cpu().numpy() for k, v in each.rows.items()}
        temporary = self._file(name).with_suffix(".npz.part")
        with temporary.open("wb") as handle:
            np.savez(handle, **arrays)
        temporary.replace(self._file(name))

    def _restore(self, name: str, passes: Sequence[Pass]) -> int:
        if not self._file(name).is_file():
            return 0
        with np.load(self._file(name), allow_pickle=False) as state:
            if str(state["key"]) != self.key:
                return 0
            done = int(state["done"])
            for i, each in enumerate(passes):
                for k, total in each.sums.items():
                    total.copy_(torch.from_numpy(state[f"{i}/sums/{k}"]))
                for k, filled in each.rows.items():
                    filled[:, :done] = torch.from_numpy(state[f"{i}/rows/{k}"])
        return done

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.npz"
