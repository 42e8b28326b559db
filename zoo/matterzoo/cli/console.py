"""What the user sees: errors, plain lines, and progress bars where there is a terminal."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from matterzoo.cli.progress import SECONDS_A_LINE, Bars, Lines

if TYPE_CHECKING:
    from rich.progress import TaskID

    from matterzoo_harness.executors.base import Listener


def fail(message: str, hint: str = "") -> None:
    """Say what happened and what to do next, on standard error."""
    sys.stderr.write(f"matterzoo: {message}\n")
    if hint:
        sys.stderr.write(f"  → {hint}\n")


def say(line: str = "") -> None:
    """Write one line for people, on standard error, so that standard output stays machine-readable."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def emit(value: Any) -> None:
    """Write JSON on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


@contextmanager
def watching(count: int, models: int = 1) -> Iterator[Listener]:
    """Show the notices of a run of so many models on so many records: bars on a terminal, plain lines elsewhere."""
    if sys.stderr.isatty():
        with Bars(count, models) as bars:
            yield bars
    else:
        yield Lines(count, models)


@contextmanager
def amounts() -> Iterator[Callable[[str, int, int], None]]:
    """Show how many bytes of how many: a bar on a terminal, a line now and then elsewhere."""
    if not sys.stderr.isatty():
        said = [time.monotonic()]

        def tell(what: str, done: int, total: int) -> None:
            if time.monotonic() - said[0] >= SECONDS_A_LINE:
                said[0] = time.monotonic()
                say(f"{what}: {done / 1e6:,.0f} of {total / 1e6:,.0f} MB")

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def move(what: str, done: int, total: int) -> None:
            task = tasks.get(what)
            if task is None:
                task = tasks[what] = bars.add_task(what, total=total)
            bars.update(task, completed=done, total=total)

        yield move
