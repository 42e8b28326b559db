"""Containers need an engine that answers."""

from __future__ import annotations

from matterzoo_harness.doctor.finding import Finding
from matterzoo_harness.runtimes.docker import DockerRuntime


def look() -> Finding:
    """Ask the Docker engine for an answer."""
    reason = DockerRuntime().available()
    if reason is None:
        return Finding("container engine", "ok", "Docker answers")
    remedy = "install Docker and start its daemon; until then models run in virtual environments (RUNTIME=venv)"
    return Finding("container engine", "note", reason, remedy)
