"""What a worker and the processes that it started use together."""

from __future__ import annotations

import psutil


def resident_bytes(pid: int) -> int:
    """Give the resident memory of a process and all below it; 0 once it has ended."""
    try:
        worker = psutil.Process(pid)
        return sum(int(process.memory_info().rss) for process in [worker, *worker.children(recursive=True)])
    except psutil.Error:
        return 0
