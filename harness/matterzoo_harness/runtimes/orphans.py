"""Containers whose harness died: told by their labels or their names, removed by the next run.

A worker ends by itself when its input closes, so this is for the one that cannot: stuck in a driver, or stopped. One in
which an environment is installed knows nothing of its harness; its name says whose it is, for an image that is made of
it would inherit its labels.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

import docker
from docker.errors import APIError

from matterzoo_schemas.canonical import sha256_of

RUN = "matterzoo.run"
HARNESS = "matterzoo.harness"
MACHINE = "matterzoo.machine"
BUILDER = "matterzoo-builder"


def harness_labels(run_label: str) -> dict[str, str]:
    """Give the labels that say which run, and which living process, a container belongs to."""
    return {RUN: run_label, HARNESS: _mark(os.getpid()), MACHINE: _machine()}


def builder_name() -> str:
    """Give a new name for a container in which this process installs something."""
    return f"{_builders()}_{_mark(os.getpid()).replace(':', '_')}_{secrets.token_hex(4)}"


def reap_orphans(client: docker.DockerClient) -> list[str]:
    """Remove the containers of harnesses of this machine that are no more.

    Returns
    -------
    list of str
        The run labels of what was removed, or the names.
    """
    reaped = []
    # The engine's list as it stands: to ask for each container by itself fails where one ends meanwhile.
    for container in client.api.containers(all=True, filters={"label": f"{MACHINE}={_machine()}"}):
        labels = container["Labels"]
        if _is_dead(labels.get(HARNESS, "")):
            remove_container(client, container["Id"])
            reaped.append(labels.get(RUN, ""))
    for container in client.api.containers(all=True, filters={"name": f"^/?{_builders()}_"}):
        name = str(container["Names"][0]).lstrip("/")
        if _is_dead(":".join(name.split("_")[1:3])):
            remove_container(client, container["Id"])
            reaped.append(name)
    return reaped


def remove_container(client: docker.DockerClient, container: str) -> None:
    """Remove a container, running or not; it may be on its way out already."""
    with suppress(APIError):
        client.api.remove_container(container, force=True)


def _is_dead(mark: str) -> bool:
    return mark != _mark(int(mark.partition(":")[0] or 0))


def _builders() -> str:
    return f"{BUILDER}-{sha256_of(_machine())[:16]}"


def _mark(pid: int) -> str:
    """Name a process so that a later one of the same number is not taken for it; empty if there is none.

    By its start in ticks since the boot (proc(5), stat, field 22), which is one number for ever: the same as a date
    changes whenever the system's clock is set, and then every living process would be taken for a dead one.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    return f"{pid}:{stat.rpartition(')')[2].split()[19]}"  # what stands before it, a name, may hold blanks


def _machine() -> str:
    """Name this boot of this machine and this process's view of its processes: in another, numbers mean others."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    return f"{boot.read_text().strip() if boot.exists() else ''}-{Path('/proc/self/ns/pid').readlink().name}"
