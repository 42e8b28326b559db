"""How far the sweeps are: a bar on a terminal, a line now and then in a pipe."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

SECONDS_A_LINE = 15.0


class Lines:
    """One line at the end of each sweep, and one every few seconds, with the rate and the time left."""

    def __init__(self) -> None:
        self._began: dict[str, tuple[float, int]] = {}
        self._said = 0.0

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __call__(self, name: str, done: int, total: int) -> None:
        """Take note of `done` of `total` rows of the sweep `name`, or draws, or groups."""
        now = time.monotonic()
        if name not in self._began:
            self._began[name] = now, done
            self._said = now
        began, first = self._began[name]
        if done == total or now - self._said >= SECONDS_A_LINE:
            self._said = now
            rate = (done - first) / max(now - began, 1e-9)
            left = f", {rate:.3g} a second, {(total - done) / rate:.0f} s left" if rate > 0 and done < total else ""
            sys.stderr.write(f"{name}: {done} of {total}{left}\n")
            sys.stderr.flush()


class Bars:
    """A bar a sweep, with rows a second and the time left."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress: Progress = Progress(
            TextColumn("{task.description:>12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, tuple[TaskID, float, int]] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, name: str, done: int, total: int) -> None:
        """Move the bar of the sweep `name` to `done` of `total` rows."""
        now = time.monotonic()
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=total, rate=""), now, done
        task, began, first = self._tasks[name]
        rate = (done - first) / max(now - began, 1e-9)
        self._progress.update(task, completed=done, rate=f"{rate:.3g}/s" if rate else "")


def reporter() -> Bars | Lines:
    """Return what suits standard error."""
    return Bars() if sys.stderr.isatty() else Lines()
