"""Talk to one worker: send requests, wait for events, notice when it dies, hangs or takes too much memory."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from matterzoo_harness.runtimes.base import WorkerProcess
from matterzoo_schemas.events import (
    BatchStarted,
    Check,
    Checked,
    EmbedShard,
    Event,
    Failed,
    Load,
    Probe,
    Ready,
    Request,
    ShardDone,
    decode,
)
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.shard import Status

Answer = TypeVar("Answer", ShardDone, Checked)
LOAD_SECONDS = 1800.0
"""A model that has not loaded after this long never will."""
LOOK_SECONDS = 0.25
"""How often memory and deadline are looked at while a batch runs."""


class WorkerDied(Exception):
    """The worker ended, hung or was ended inside a batch.

    Parameters
    ----------
    status
        `CRASHED`, `TIMEOUT` or `OUT_OF_MEMORY`.
    reason
        In words.
    rows
        Rows of the batch that was running; empty between batches.
    """

    def __init__(self, status: Status, reason: str, rows: list[int]) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.rows = rows


class Conversation:
    """One worker's life, from `load` to the closing of its input.

    Parameters
    ----------
    process
        Started by a runtime.
    log
        File of the worker's standard error; its end is shown when the worker dies while loading.
    batch_seconds
        Longest time for one batch.
    memory_bytes
        Most resident memory; None for no limit.
    """

    def __init__(self, process: WorkerProcess, log: Path, batch_seconds: float, memory_bytes: int | None) -> None:
        self.process = process
        self._log = log
        self._batch_seconds = batch_seconds
        self._memory_bytes = memory_bytes
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._running: list[int] = []
        threading.Thread(target=self._listen, name="events", daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in self.process.stdout:
                self._events.put(decode(line))
        self._events.put(None)

    def load(self, setup: dict[str, object]) -> Ready:
        """Load the model.

        Raises
        ------
        MatterzooError
            What the worker gave up with, or `MODEL_CRASHED` with the end of its log.
        """
        try:
            self._send(Load(setup))
            event = self._next(LOAD_SECONDS)
        except WorkerDied as death:
            raise MatterzooError(
                ExitCode.MODEL_CRASHED, f"the model did not load: {death.reason}\n{self._end_of_log()}"
            ) from death
        if not isinstance(event, Ready):
            raise MatterzooError(ExitCode.BUG, f"the worker answered {event.name!r} instead of 'ready'")
        return event

    def ask(self, request: EmbedShard | Probe, on_batch: Callable[[BatchStarted], None]) -> ShardDone:
        """Send a request and wait until it is done.

        Raises
        ------
        WorkerDied
            If the worker ends, hangs or takes too much memory.
        MatterzooError
            What the worker gave up with.
        """
        return self._answer(request, ShardDone, on_batch)

    def check(self, request: Check, on_batch: Callable[[BatchStarted], None]) -> Checked:
        """Have the worker run the conformance suite; raises as `ask`."""
        return self._answer(request, Checked, on_batch)

    def _answer(self, request: Request, kind: type[Answer], on_batch: Callable[[BatchStarted], None]) -> Answer:
        self._running = []
        self._send(request)
        while True:
            event = self._next(self._batch_seconds)
            if isinstance(event, BatchStarted):
                self._running = event.rows
                on_batch(event)
            elif isinstance(event, kind):
                self._running = []
                return event

    def close(self) -> None:
        """Close the worker's input, which ends it; insist if it does not listen."""
        with contextlib.suppress(OSError, ValueError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=5)
        except TimeoutError:
            self.process.kill()

    def kill(self) -> None:
        """End the worker at once."""
        self.process.kill()
        with contextlib.suppress(TimeoutError):
            self.process.wait(timeout=10)

    def _send(self, request: Request) -> None:
        try:
            self.process.stdin.write(request.encode())
            self.process.stdin.flush()
        except (OSError, ValueError) as error:
            raise self._death() from error

    def _next(self, seconds: float) -> Event:
        deadline = time.monotonic() + seconds
        while True:
            try:
                event = self._events.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                self._look(deadline, seconds)
                continue
            if event is None:
                raise self._death()
            if isinstance(event, Failed):
                self.close()
                raise MatterzooError(ExitCode(event.code), event.message, event.hint)
            return event

    def _look(self, deadline: float, seconds: float) -> None:
        if time.monotonic() > deadline:
            self.kill()
            raise WorkerDied(Status.TIMEOUT, f"no answer within {seconds:g} s", self._running)
        if self._memory_bytes and (used := self.process.memory()) > self._memory_bytes:
            self.kill()
            raise WorkerDied(
                Status.OUT_OF_MEMORY,
                f"the worker took {used / 2**30:.1f} GiB, and {self._memory_bytes / 2**30:.1f} GiB is the limit",
                self._running,
            )

    def _death(self) -> WorkerDied:
        try:
            code = self.process.wait(timeout=10)
        except TimeoutError:
            self.kill()
            return WorkerDied(Status.CRASHED, "the worker closed its output and would not end", self._running)
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return WorkerDied(Status.CRASHED, f"the model's process ended with {how}", self._running)

    def _end_of_log(self, lines: int = 15) -> str:
        if not self._log.exists():
            return ""
        text = self._log.read_text("utf-8", "replace").strip().splitlines()
        return "\n".join(text[-lines:])
