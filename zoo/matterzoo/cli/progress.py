"""How far models at work are: bars on a terminal, and elsewhere a log that reads well at night."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from matterzoo.cli.console import say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from matterzoo_harness.executors.base import Listener, Notice

SECONDS_A_LINE = 15.0
"""How often a log gets a line of progress."""


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


class Tally:
    """What all models of a run have done together.

    Parameters
    ----------
    count, models
        Records of each model, and how many models there are.
    """

    def __init__(self, count: int, models: int) -> None:
        self.count, self.models = count, models
        self._began: float | None = None
        self._first: dict[str, int] = {}
        self._done: dict[str, int] = {}

    def take(self, notice: Notice) -> bool:
        """Note what a model has done, and tell whether that is more than before.

        What was done in an earlier run counts as done, and not for the rate; a batch that failed is run again,
        record by record, and has been counted.
        """
        self._began = self._began or time.monotonic()
        self._first.setdefault(notice.model, notice.done)
        before = self.done_by(notice.model)
        self._done[notice.model] = max(before, notice.done)
        return notice.done > before

    def done_by(self, model: str) -> int:
        """Return how many records one model has done."""
        return self._done.get(model, 0)

    @property
    def done(self) -> int:
        """Records, over all models."""
        return sum(self._done.values())

    @property
    def rate(self) -> float:
        """Records a second, since the first model was ready."""
        seconds = 0.0 if self._began is None else time.monotonic() - self._began
        return (self.done - sum(self._first.values())) / max(seconds, 1e-9)

    def __str__(self) -> str:
        total, rate = self.count * self.models, self.rate
        finished = sum(done >= self.count for done in self._done.values())
        text = f"{finished} of {self.models} models, {self.done:,} of {total:,} records"
        return f"{text}, {_a_second(rate)}, {spoken((total - self.done) / rate)} left" if rate > 0 else text


class Lines:
    """Plain lines: what was done, and now and then how far it is.

    Parameters
    ----------
    count, models
        As for `Tally`; of several models it is said how far all are, of one how far it is.
    """

    def __init__(self, count: int = 0, models: int = 1) -> None:
        self._all = Tally(count, models)
        self._said = time.monotonic()
        self._began: dict[str, tuple[float, int]] = {}

    def __call__(self, notice: Notice) -> None:
        """Write a line if there is something new to say."""
        if notice.kind in ("preparing", "warning"):
            say(f"{notice.model}: {notice.text}")
        elif notice.kind == "ready" and notice.ready:
            self._began[notice.model] = (time.monotonic(), self._all.done_by(notice.model))
            say(f"{notice.model}: loaded in {notice.ready.seconds:.1f} s")
        elif notice.kind == "progress":
            self._began.setdefault(notice.model, (time.monotonic(), notice.done))
            if self._all.take(notice):
                self._progress(notice)

    def _progress(self, notice: Notice) -> None:
        now = time.monotonic()
        began, first = self._began[notice.model]
        rate = (notice.done - first) / max(now - began, 1e-9)
        if notice.done == notice.total:
            how = f"in {spoken(now - began)}, {_a_second(rate)}" if notice.done > first else "from before"
            say(f"{notice.model}: {notice.total:,} records {how}")
        elif now - self._said >= SECONDS_A_LINE and rate > 0:
            self._said = now
            left = f"{_a_second(rate)}, {spoken((notice.total - notice.done) / rate)} left"
            one = f"{notice.model}: {notice.done:,} of {notice.total:,} records, {left}"
            say(f"so far: {self._all}" if self._all.models > 1 else one)


class Bars:
    """A bar a model, and one for all of them where there are several.

    Parameters
    ----------
    count, models
        As for `Tally`.
    """

    def __init__(self, count: int, models: int = 1) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        self._all = Tally(count, models)
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
        self._whole: TaskID | None = None
        if models > 1:
            self._whole = self._progress.add_task("", model=f"all {models} models", note="", total=count * models)

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def __call__(self, notice: Notice) -> None:
        """Move a bar, or change its note."""
        task = self._tasks.get(notice.model)
        if task is None:
            task = self._progress.add_task("", model=notice.model, note="", total=self._all.count)
            self._tasks[notice.model] = task
        if notice.kind in ("starting", "preparing", "loading"):
            self._progress.update(task, note=f"{notice.kind}: {notice.text}")
        elif notice.kind == "warning":
            self._progress.console.print(f"{notice.model}: {notice.text}", markup=False, highlight=False)
        elif notice.kind == "ready":
            self._progress.update(task, note="")
        elif notice.kind == "progress":
            self._all.take(notice)
            self._progress.update(task, completed=notice.done)
            if self._whole is not None:
                rate = self._all.rate
                self._progress.update(self._whole, completed=self._all.done, note=_a_second(rate) if rate > 0 else "")


def spoken(seconds: float) -> str:
    """Say a duration as people do."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"


def _a_second(rate: float) -> str:
    return f"{rate:,.0f} a second" if rate >= 100 else f"{rate:.3g} a second"
