"""Run on this machine: models side by side, as far as memory allows."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psutil

from matterzoo_harness.executors.base import Job, Listener
from matterzoo_harness.executors.shards import ShardRunner

USABLE = 0.8
"""Share of the memory free at the start that workers may take together."""
ASSUMED_BYTES = 4 * 2**30
"""What a worker is assumed to need where its card does not say."""


class LocalExecutor:
    """One worker a job, `workers` at a time, never more than fit into memory together.

    Parameters
    ----------
    workers
        Most workers at one time; a job too large for what is left waits, and runs alone if it must.
    """

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers
        self._free = int(psutil.virtual_memory().available * USABLE)
        self._running = 0
        self._room = threading.Condition()

    def run(self, jobs: Sequence[Job], listener: Listener) -> list[Exception | None]:
        """Carry out jobs; one that fails costs the others nothing."""
        runners = [ShardRunner(job, listener) for job in jobs]
        with ThreadPoolExecutor(max_workers=max(1, self._workers)) as pool:
            try:
                return list(pool.map(self._run, runners))
            except BaseException:  # an interrupt: end the workers, or the pool would wait for them
                for runner in runners:
                    runner.stop()
                raise

    def _run(self, runner: ShardRunner) -> Exception | None:
        need = need_of(runner.job)
        with self._room:
            self._room.wait_for(lambda: self._running == 0 or need <= self._free)
            self._running += 1
            self._free -= need
        try:
            runner.run()
        except Exception as error:  # noqa: BLE001 (reported to the caller, job by job)
            return error
        finally:
            with self._room:
                self._running -= 1
                self._free += need
                self._room.notify_all()
        return None


def need_of(job: Job) -> int:
    """Return the bytes to set aside for a job: its limit, its card's measured need, or an assumption."""
    gigabytes = job.plan.model.card.limits.memory_gb
    if gigabytes is not None:
        return int(gigabytes * 1e9)
    return min(job.memory_bytes or ASSUMED_BYTES, ASSUMED_BYTES)
