"""Measured rates: how many records a second each model embedded, kept in the run files for the next estimate."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from matterzoo_harness.executors.base import Listener, Notice
from matterzoo_harness.locations import cache
from matterzoo_schemas.canonical import canonical_json


@dataclass(frozen=True)
class Rate:
    """One model's measured speed on one data set.

    Parameters
    ----------
    model, data
        Which, on what.
    records, seconds
        Embedded, and how long that took once the model was loaded.
    loading
        Seconds until it was loaded.
    runtime, device, cores
        Where.
    parameters
        Counted in the loaded model.
    """

    model: str
    data: str
    records: int
    seconds: float
    loading: float
    runtime: str
    device: str
    cores: int
    parameters: int

    def write(self, folder: Path) -> None:
        """Keep it beside the results, and in the cache for other studies on this machine."""
        for place in (folder / "runs", cache() / "rates"):
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{self.model}.{self.data}.run.json").write_bytes(canonical_json(asdict(self)) + b"\n")


def read_rates(folder: Path) -> list[Rate]:
    """Read every run file of a folder; those that are not of this version are passed over."""
    rates = []
    for file in sorted(folder.glob("*.run.json")):
        try:
            rates.append(Rate(**json.loads(file.read_bytes())))
        except (OSError, ValueError, TypeError):
            continue
    return rates


class Stopwatch:
    """A listener that takes the time of every model, and passes the notices on.

    Parameters
    ----------
    listener
        Who else listens.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._ready: dict[str, tuple[float, float, int]] = {}
        self._first: dict[str, int] = {}
        self._last: dict[str, tuple[float, int]] = {}

    def __call__(self, notice: Notice) -> None:
        """Take note."""
        now = time.monotonic()
        if notice.kind == "ready" and notice.ready and notice.model not in self._ready:
            self._ready[notice.model] = (now, notice.ready.seconds, notice.ready.parameters)
        elif notice.kind == "progress":
            self._first.setdefault(notice.model, notice.done)
            self._last[notice.model] = (now, notice.done)
        self._listener(notice)

    def rate(self, model: str, facts: Mapping[str, Any]) -> Rate | None:
        """Return what was measured of a model; None if it did not run."""
        if model not in self._ready or model not in self._last:
            return None
        began, loading, parameters = self._ready[model]
        ended, done = self._last[model]
        records = done - self._first[model]
        if records <= 0:
            return None
        cores = len(os.sched_getaffinity(0))
        return Rate(
            model=model, records=records, seconds=round(ended - began, 4), loading=round(loading, 4), cores=cores,
            parameters=parameters, **facts,
        )  # fmt: skip
