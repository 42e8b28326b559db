"""What an executor is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from matterzoo_harness.plan import Plan
from matterzoo_harness.runtimes.base import Runtime
from matterzoo_schemas.events import Ready


@dataclass(frozen=True)
class Job:
    """One plan to be carried out.

    Parameters
    ----------
    plan
        What to do.
    runtime
        What starts the worker.
    folder
        Where shards are committed; the worker may write here and nowhere else.
    log
        File of the worker's standard error.
    device
        `cpu`, `cuda`, or GPUs by their UUIDs.
    variant
        The environment's lock.
    weights
        The checkpoint on the host.
    memory_bytes
        Most resident memory of the worker.
    batch_seconds
        Longest time for one batch.
    """

    plan: Plan
    runtime: Runtime
    folder: Path
    log: Path
    device: str
    variant: str
    weights: Path | None = None
    memory_bytes: int | None = None
    batch_seconds: float = 600.0
    run_label: str = "matterzoo"


@dataclass(frozen=True)
class Notice:
    """Something to show while it happens.

    Parameters
    ----------
    model
        Whose.
    kind
        `starting` (with the runtime), `preparing` and `loading` (with text), `ready`, `progress` (records done so
        far), `warning` (with text).
    """

    model: str
    kind: Literal["starting", "preparing", "loading", "ready", "progress", "warning"]
    done: int = 0
    total: int = 0
    text: str = ""
    ready: Ready | None = None


Listener = Callable[[Notice], None]


class Executor(Protocol):
    """Carries out jobs. State lives in the committed files, never here: any executor resumes any other's work."""

    def run(self, jobs: Sequence[Job], listener: Listener) -> list[Exception | None]:
        """Carry out jobs; return, in their order, what each failed with, or None."""
        ...
