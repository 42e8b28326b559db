"""Wheels of packages that exist as source only: built once, with the network cut, and kept."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

from matterzoo_harness.environments.interpreters import find_python
from matterzoo_harness.environments.lockfile import Pin, read_lock
from matterzoo_harness.environments.venvs import create_venv
from matterzoo_harness.environments.wheels import fetch_wheels, require_wheels
from matterzoo_harness.locations import packaged_containers
from matterzoo_harness.runtimes.base import Progress, quiet
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

SOURCE_DATE_EPOCH = "315532800"
"""1980-01-01, the first date that a zip file can hold: the same source gives the same wheel on any day."""


def tool_pins() -> list[Pin]:
    """Give the pins of uv and the build tools (`containers/base/tools.lock`)."""
    return read_lock(packaged_containers() / "base" / "tools.lock")


def fetch_tools(python: str, store: Store, progress: Progress = quiet) -> None:
    """Fetch uv and the build tools themselves."""
    fetch_wheels(tool_pins(), python, (), store, progress)


def build_sources(
    pins: Sequence[Pin], python: str, source_only: Collection[str], store: Store, progress: Progress = quiet
) -> None:
    """Build the wheel of every source-only pin that has none yet.

    Parameters
    ----------
    pins
        The lock.
    python
        Python minor.
    source_only
        Names of packages without wheels.
    store
        Holds the sources, and gets the wheels.
    progress
        Is told what is being built.

    Raises
    ------
    MatterzooError
        INPUT_MISSING if the source was not fetched; BAD_CARD if it does not build, or is not pure Python (its wheel
        would depend on this machine's compiler).
    """
    for pin in pins:
        if pin.name in source_only:
            for sha256 in pin.sha256s:
                source = store.find(sha256)
                if source and not source.name.endswith(".whl") and not store.note("built", f"{sha256}-{python}"):
                    _build(pin, sha256, python, store, progress)


def _build(pin: Pin, sha256: str, python: str, store: Store, progress: Progress) -> None:
    seal = _seal()
    progress(f"building {pin} from source, the network " + ("cut" if seal else "not cut: this machine forbids unshare"))
    with tempfile.TemporaryDirectory(prefix="matterzoo-build-") as name:
        scratch = Path(name)
        tools = require_wheels(tool_pins(), python, store, "matterzoo fetch")
        create_venv(scratch / "tools", find_python(python), tools)
        built = scratch / "built"
        fixed = ["--no-deps", "--no-index", "--no-build-isolation", "--no-cache-dir", "--disable-pip-version-check"]
        source = scratch / store.get(sha256).name
        source.symlink_to(store.get(sha256))
        done = subprocess.run(
            [*seal, scratch / "tools" / "bin" / "python", "-I", "-m", "pip", "wheel", *fixed, "-w", built, source],
            env={"PATH": os.defpath, "HOME": name, "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH, "LC_ALL": "C.UTF-8"},
            cwd=scratch,
            capture_output=True,
            text=True,
            check=False,
        )
        wheels = list(built.glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            raise MatterzooError(
                ExitCode.BAD_CARD, f"{pin} does not build from source:\n{(done.stdout + done.stderr).strip()[-2000:]}"
            )
        if not wheels[0].name.endswith("-none-any.whl"):
            raise MatterzooError(
                ExitCode.BAD_CARD,
                f"{pin} exists as source only and compiles: {wheels[0].name} would depend on this machine's compiler",
                "pin a version that has wheels",
            )
        store.put_note("built", f"{sha256}-{python}", store.add(wheels[0]))


@lru_cache
def _seal() -> tuple[str, ...]:
    """Give the command that cuts the network off; empty where the system forbids it."""
    seal = ("unshare", "--net", "--map-root-user")
    try:
        done = subprocess.run([*seal, "true"], capture_output=True, check=False)
    except OSError:
        return ()
    return seal if done.returncode == 0 else ()
