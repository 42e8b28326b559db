"""Which runtime a run takes."""

from __future__ import annotations

import os
from collections.abc import Callable

from matterzoo_harness.runtimes.base import Runtime
from matterzoo_harness.runtimes.docker import DockerRuntime
from matterzoo_harness.runtimes.venv import VenvRuntime
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

RUNTIMES: dict[str, Callable[[], Runtime]] = {"docker": DockerRuntime, "venv": VenvRuntime}
"""Every runtime by name, in the order in which `auto` asks them."""


def runtime_for(name: str = "auto") -> Runtime:
    """Return a runtime that can be used.

    Parameters
    ----------
    name
        `docker`, `venv`, or `auto`: what `MATTERZOO_RUNTIME` says, else the first that answers.

    Raises
    ------
    MatterzooError
        `USAGE` for a name there is not, `NO_ENGINE` if the named one cannot be used, with its reason.
    """
    name = os.environ.get("MATTERZOO_RUNTIME") or "auto" if name == "auto" else name
    if name == "auto":
        return next(runtime for runtime in (make() for make in RUNTIMES.values()) if runtime.available() is None)
    if name not in RUNTIMES:
        raise MatterzooError(ExitCode.USAGE, f"there is no runtime {name!r}; there is: auto, {', '.join(RUNTIMES)}")
    runtime = RUNTIMES[name]()
    if reason := runtime.available():
        raise MatterzooError(ExitCode.NO_ENGINE, f"the runtime {name} cannot be used: {reason}", "RUNTIME=venv")
    return runtime
