"""uv, and the Python interpreters it works with."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from matterzoo_harness import locations
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


@lru_cache
def uv() -> str:
    """Name the uv executable: the one installed beside us, else the one on PATH."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
        if found is None:
            raise MatterzooError(ExitCode.BUG, "uv is not installed beside matterzoo", "pip install uv") from None
        return found


def run_uv(arguments: Sequence[str], *, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run uv, its output captured, its configuration files and any active environment disregarded."""
    environment = {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "CONDA_PREFIX"}}
    return subprocess.run(
        [uv(), "--no-config", *arguments],
        env=environment | dict(variables or {}),
        capture_output=True,
        text=True,
        check=False,
    )


@lru_cache
def uv_version() -> str:
    """Return which uv it is, such as `uv 0.13.8`."""
    return " ".join(run_uv(["--version"]).stdout.split()[:2])


@lru_cache
def find_python(minor: str) -> Path:
    """Find an interpreter of a Python minor: on PATH, of pyenv, or uv's own; else have uv fetch one.

    Parameters
    ----------
    minor
        Such as `3.11`.

    Raises
    ------
    MatterzooError
        INPUT_MISSING if there is none and none can be fetched.
    """
    if there := installed_python(minor):
        return there
    if not locations.offline():
        run_uv(["python", "install", "--quiet", minor])
        found = run_uv(["python", "find", "--managed-python", minor])
        if found.returncode == 0:
            return Path(found.stdout.strip())
    raise MatterzooError(
        ExitCode.INPUT_MISSING,
        f"this environment needs Python {minor}, and this machine has none that uv can find or fetch",
        f"install python{minor} with its venv module, or: uv python install {minor}",
    )


def installed_python(minor: str) -> Path | None:
    """Find an interpreter that is here already; None if there is none."""
    return next((candidate for candidate in _candidates(minor) if _is_minor(candidate, minor)), None)


def _candidates(minor: str) -> list[Path]:
    found = run_uv(["python", "find", "--system", "--no-python-downloads", minor])
    first = [Path(found.stdout.strip())] if found.returncode == 0 else []
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    return first + sorted(pyenv.glob(f"{minor}.*/bin/python{minor}"), reverse=True)


def _is_minor(python: Path, minor: str) -> bool:
    """Ask the interpreter itself: a pyenv shim may name a version and then refuse to run it."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-I", "-c", ask], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == minor
