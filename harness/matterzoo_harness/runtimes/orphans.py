"""Containers whose harness died: told by their labels, removed by the next run.

A worker ends by itself when its input closes, so this is for the one that cannot: stuck in a driver, or stopped.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import docker
import psutil
from docker.errors import APIError

RUN = "matterzoo.run"
HARNESS = "matterzoo.harness"
MACHINE = "matterzoo.machine"


def harness_labels(run_label: str) -> dict[str, str]:
    """Give the labels that say which run, and which living process, a container belongs to."""
    return {RUN: run_label, HARNESS: _mark(os.getpid()), MACHINE: _machine()}


def reap_orphans(client: docker.DockerClient) -> list[str]:
    """Remove the containers of harnesses of this machine that are no more.

    Returns
    -------
    list of str
        The run labels of what was removed.
    """
    reaped = []
    # The engine's list as it stands: to ask for each container by itself fails where one ends meanwhile.
    for container in client.api.containers(all=True, filters={"label": f"{MACHINE}={_machine()}"}):
        labels = container["Labels"]
        mark = labels.get(HARNESS, "")
        if mark != _mark(int(mark.partition(":")[0] or 0)):
            with suppress(APIError):  # it may be on its way out already
                client.api.remove_container(container["Id"], force=True)
            reaped.append(labels.get(RUN, ""))
    return reaped


def _mark(pid: int) -> str:
    """Name a process so that a later one of the same number is not taken for it; empty if there is none."""
    try:
        return f"{pid}:{psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return ""


def _machine() -> str:
    """Name this boot of this machine and this process's view of its processes: in another, numbers mean others."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    return f"{boot.read_text().strip() if boot.exists() else ''}-{Path('/proc/self/ns/pid').readlink().name}"
