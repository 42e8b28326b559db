"""One sweep on several devices: strips are dealt out in turn, and their sums added in the order of the rows.

Every device holds the features, passes of its own and two buffers. A strip's numbers do not depend on who forms it, and
they are added in the order in which one device adds them, so that on equal devices the result has the same bits.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor

from matterzoo_harness.metrics.orders import ByDistance
from matterzoo_harness.metrics.sweep import Buffers, Pass, strips, sweep, take
from matterzoo_harness.metrics.views import Features

AHEAD = 2
"""Strips that each device may be ahead of the one that is added next."""

State = list[tuple[dict[str, Tensor], dict[str, Tensor]]]
"""What one strip brought to each pass: its sums, and its part of the rows, on the host."""


class Sweeper(Protocol):
    """`sweep`, or `sweep` on several devices."""

    def __call__(
        self,
        features: Sequence[Features],
        passes: Sequence[Pass],
        height: int,
        done: int = 0,
        after: Callable[[int], None] | None = None,
    ) -> None:
        """Run all passes over all strips."""


def sweeper(devices: Sequence[torch.device]) -> Sweeper:
    """Return what sweeps on these devices; the first holds the features and receives the results."""
    return sweep if len(devices) < 2 else partial(split_sweep, devices)


def split_sweep(
    devices: Sequence[torch.device],
    features: Sequence[Features],
    passes: Sequence[Pass],
    height: int,
    done: int = 0,
    after: Callable[[int], None] | None = None,
) -> None:
    """`sweep` with the strips dealt out to `devices`, one thread each."""
    hands = [Hand(device, features, passes, height) for device in devices]
    with ExitStack() as stack:
        pools = [stack.enter_context(ThreadPoolExecutor(1)) for _ in devices]
        waiting: deque[tuple[int, int, Future[State]]] = deque()

        def add() -> None:
            start, stop, future = waiting.popleft()
            _add(passes, future.result(), start, stop)
            if after is not None:
                after(stop)

        for i, (start, stop) in enumerate(strips(len(features[0].source), height, done)):
            turn = i % len(devices)
            waiting.append((start, stop, pools[turn].submit(hands[turn], start, stop)))
            if len(waiting) >= AHEAD * len(devices):
                add()
        while waiting:
            add()


class Hand:
    """One device with its own copy of features and passes."""

    def __init__(self, device: torch.device, features: Sequence[Features], passes: Sequence[Pass], height: int) -> None:
        move = _Mover(device)
        self.device, self.threads = device, torch.get_num_threads()
        self.passes: list[Pass] = [move(each) for each in passes]
        self.buffers = Buffers([move(each) for each in features], height)
        for each in self.passes:
            each.sums = {key: torch.zeros_like(value) for key, value in each.sums.items()}
            each.rows = {key: torch.zeros_like(value) for key, value in each.rows.items()}

    def __call__(self, start: int, stop: int) -> State:
        """Take one strip, and return what it brought."""
        torch.set_num_threads(self.threads)  # this and the two below are a thread's own
        with torch.inference_mode(), torch.cuda.device(self.device) if self.device.type == "cuda" else nullcontext():
            take(self.buffers.strip(start, stop), self.passes)
            brought = [
                (
                    {key: value.to("cpu", copy=True) for key, value in each.sums.items()},
                    {key: value[:, start:stop].to("cpu", copy=True) for key, value in each.rows.items()},
                )
                for each in self.passes
            ]
            for each in self.passes:
                for value in each.sums.values():
                    value.zero_()
        return brought


class _Mover:
    """Copies features, orders and passes to a device, every tensor once however many of them share it."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seen: dict[int, Tensor] = {}

    def __call__(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            if id(value) not in self.seen:
                self.seen[id(value)] = value.to(self.device)
            return self.seen[id(value)]
        if isinstance(value, (list, tuple)):
            return type(value)(self(each) for each in value)
        if isinstance(value, dict):
            return {key: self(each) for key, each in value.items()}
        if isinstance(value, (Features, ByDistance, Pass)):
            twin = copy.copy(value)
            vars(twin).update({key: self(each) for key, each in vars(value).items()})
            return twin
        return value


def _add(passes: Sequence[Pass], brought: State, start: int, stop: int) -> None:
    for each, (sums, rows) in zip(passes, brought, strict=True):
        for key, value in sums.items():
            each.sums[key] += value.to(each.sums[key].device)
        for key, value in rows.items():
            each.rows[key][:, start:stop] = value.to(each.rows[key].device)
