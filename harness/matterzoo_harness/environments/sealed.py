"""Wheels of packages that exist as source only: built once, with the network cut, and kept.

What compiles is built as well if its environment says what against (`[build]`): the wheels of those packages, out of
the same lock, are then at hand, with all that they need. A GPU is hidden: a machine that has one makes no other wheel
than a machine without.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

from matterzoo_harness import locations
from matterzoo_harness.environments.closure import with_needs
from matterzoo_harness.environments.interpreters import find_python
from matterzoo_harness.environments.lockfile import Pin, read_lock
from matterzoo_harness.environments.tags import fits
from matterzoo_harness.environments.venvs import create_venv
from matterzoo_harness.environments.wheels import Wheel, built_note, fetch_wheels, require_wheels
from matterzoo_harness.locations import packaged_containers
from matterzoo_harness.runtimes.base import Progress, quiet
from matterzoo_harness.store import Store, writing
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
        INPUT_MISSING if a source, or a wheel that it is compiled against, was not fetched, or this machine has no
        compiler; BAD_CARD if it does not build, or compiles and does not say what against.
    """
    for pin in pins:
        if pin.name in source_only:
            for sha256 in pin.sha256s:
                source = store.find(sha256)
                if source and not source.name.endswith(".whl"):
                    beside = _compiled_against(pin, pins, source_only, python, store)
                    note = built_note(pin, sha256, python, store)
                    if note and not store.note("built", note):
                        store.put_note("built", note, _build(pin, sha256, beside, python, store, progress))


def _compiled_against(
    pin: Pin, pins: Sequence[Pin], source_only: Collection[str], python: str, store: Store
) -> list[Wheel]:
    """Give the wheels that a build finds installed; none for what does not compile."""
    if not pin.against:
        return []
    others = [other for other in pins if other.name not in source_only]
    wheels = {wheel.pin.name: wheel for wheel in require_wheels(others, python, store, "matterzoo fetch")}
    return with_needs([other.name for other in pin.against], wheels, python)


def _build(pin: Pin, sha256: str, beside: Sequence[Wheel], python: str, store: Store, progress: Progress) -> str:
    """Build one wheel and put it into the store; give its sha256."""
    seal = _seal()
    if beside and shutil.which("c++", path=os.defpath) is None:
        raise MatterzooError(
            ExitCode.INPUT_MISSING,
            f"{pin} exists as source only and compiles, and this machine has no C++ compiler",
            "apt-get install g++, or copy a store that holds its wheel",
        )
    against = f" against {', '.join(map(str, pin.against))}" if beside else ""
    cut = "cut" if seal else "not cut: this machine forbids unshare"
    progress(f"building {pin} from source{against}, the network {cut}")
    parent = locations.cache() / "builds"  # beside uv's cache: what is at hand is linked there, not copied
    with writing(parent):
        parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="matterzoo-build-", dir=parent) as name:
        scratch = Path(name)
        tools = require_wheels(tool_pins(), python, store, "matterzoo fetch")
        taken = {wheel.pin.name for wheel in beside}
        tools = [*(wheel for wheel in tools if wheel.pin.name not in taken), *beside]
        create_venv(scratch / "tools", find_python(python), tools)
        built = scratch / "built"
        fixed = ["--no-deps", "--no-index", "--no-build-isolation", "--no-cache-dir", "--disable-pip-version-check"]
        source = scratch / store.get(sha256).name
        source.symlink_to(store.get(sha256))
        done = subprocess.run(
            [*seal, scratch / "tools" / "bin" / "python", "-I", "-m", "pip", "wheel", *fixed, "-w", built, source],
            env=_variables(scratch),
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
        _accept(pin, wheels[0].name, python)
        return store.add(wheels[0])


def _variables(scratch: Path) -> dict[str, str]:
    """Give a build's whole environment: nothing of the user's, no GPU, and the folder's name in nothing compiled."""
    unnamed = f"-g0 -ffile-prefix-map={scratch}=."
    return {
        "PATH": os.defpath,
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH,
        "LC_ALL": "C.UTF-8",
        "CUDA_VISIBLE_DEVICES": "",
        "CFLAGS": unnamed,
        "CXXFLAGS": unnamed,
    }


def _accept(pin: Pin, name: str, python: str) -> None:
    """Refuse a compiled wheel of a package that does not say what it is compiled against, or one of another Python."""
    if name.endswith("-none-any.whl"):
        return
    if not pin.against:
        raise MatterzooError(
            ExitCode.BAD_CARD,
            f"{pin} exists as source only and compiles: {name} would depend on this machine's compiler",
            f"pin a version that has wheels; or say what it is compiled against in environment.toml: "
            f'[build] {pin.name} = ["numpy"]',
        )
    if not fits(name, python):
        raise MatterzooError(ExitCode.BAD_CARD, f"{pin} became {name}, which is not for Python {python} on Linux")


@lru_cache
def _seal() -> tuple[str, ...]:
    """Give the command that cuts the network off; empty where the system forbids it."""
    seal = ("unshare", "--net", "--map-root-user")
    try:
        done = subprocess.run([*seal, "true"], capture_output=True, check=False)
    except OSError:
        return ()
    return seal if done.returncode == 0 else ()
