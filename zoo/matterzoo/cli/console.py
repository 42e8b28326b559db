"""What the user sees: errors, plain lines, and progress bars where there is a terminal."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from matterzoo_harness.executors.base import Listener, Notice

SECONDS_A_LINE = 5.0
"""How often a pipe gets a line of progress."""


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
def watching(count: int) -> Iterator[Listener]:
    """Show the notices of a run: bars on a terminal, plain lines elsewhere."""
    if sys.stderr.isatty():
        with _Bars(count) as bars:
            yield bars
    else:
        yield Lines()


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


class Lines:
    """Plain lines: what was done, and now and then how far it is."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}
        self._began: dict[str, tuple[float, int]] = {}

    def __call__(self, notice: Notice) -> None:
        """Write a line if there is something new to say."""
        model, now = notice.model, time.monotonic()
        if notice.kind in ("preparing", "loading"):
            say(f"{model}: {notice.kind} ({notice.text})")
        elif notice.kind == "warning":
            say(f"{model}: {notice.text}")
        elif notice.kind == "ready" and notice.ready:
            self._began[model] = (now, -1)
            say(f"{model}: loaded in {notice.ready.seconds:.1f} s")
        elif notice.kind == "progress":
            began, first = self._began.get(model, (now, -1))
            if first < 0:
                first = notice.done
                self._began[model] = (began, first)
            finished = notice.done == notice.total
            if now - self._said.get(model, 0.0) >= (0.0 if finished else SECONDS_A_LINE):
                self._said[model] = float("inf") if finished else now
                rate = (notice.done - first) / max(now - began, 1e-9)
                left = f", {(notice.total - notice.done) / rate:.0f} s left" if rate > 0 else ""
                say(f"{model}: {notice.done} of {notice.total} records ({rate:.1f} a second{left})")


class _Bars:
    """A bar a model."""

    def __init__(self, count: int) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        self._count = count
        self._progress: Progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[model]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def __call__(self, notice: Notice) -> None:
        """Move a bar, or change its note."""
        task = self._tasks.get(notice.model)
        if task is None:
            task = self._progress.add_task("", model=notice.model, note="", total=self._count)
            self._tasks[notice.model] = task
        if notice.kind in ("preparing", "loading"):
            self._progress.update(task, note=f"{notice.kind}: {notice.text}")
        elif notice.kind == "warning":
            self._progress.console.print(f"{notice.model}: {notice.text}", markup=False, highlight=False)
        elif notice.kind == "ready":
            self._progress.update(task, note="")
        elif notice.kind == "progress":
            self._progress.update(task, completed=notice.done)
