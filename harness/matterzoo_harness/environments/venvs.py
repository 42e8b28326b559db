"""Virtual environments made of stored wheels and nothing else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from matterzoo_harness import locations
from matterzoo_harness.environments.interpreters import run_uv
from matterzoo_harness.environments.wheels import Wheel, requirements_of
from matterzoo_harness.store import writing
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


def create_venv(folder: Path, python: Path, wheels: Sequence[Wheel]) -> None:
    """Create a virtual environment offline and install exactly these wheels into it, each checked against its hash.

    Parameters
    ----------
    folder
        Where; must not exist.
    python
        The interpreter.
    wheels
        Wheels of the store.

    Raises
    ------
    MatterzooError
        BAD_CARD with uv's words if the wheels cannot be installed.
    """
    with writing(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        cache = locations.cache() / "uv"
        cache.mkdir(parents=True, exist_ok=True)
    # With uv's cache beside the environments, files are hard links; and as each wheel is named where the store keeps
    # it, not where a scratch folder links to it, uv knows it again: two environments with one torch hold it once.
    variables = {"UV_CACHE_DIR": str(cache), "UV_OFFLINE": "1", "UV_NO_PROGRESS": "1"}
    with tempfile.TemporaryDirectory(prefix="matterzoo-wheels-") as name:
        asked = Path(name) / "requirements.txt"
        asked.write_text(requirements_of(wheels), encoding="utf-8")
        places = [part for wheel in wheels for part in ("--find-links", str(wheel.path.parent))]
        install = [
            "--require-hashes",
            "--no-deps",
            "--no-index",
            *places,
            "--requirements",
            str(asked),
        ]
        for arguments in (
            ["venv", "--quiet", "--no-project", "--python", str(python), str(folder)],
            ["pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *install],
        ):
            done = run_uv(arguments, variables=_without_uv_settings() | variables)
            if done.returncode:
                raise MatterzooError(
                    ExitCode.BAD_CARD, f"the environment {folder} cannot be made:\n{done.stderr.strip()}"
                )


def _without_uv_settings() -> dict[str, str]:
    """Blank what the user has set for uv: here everything is named."""
    blank = ("UV_FIND_LINKS", "UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")
    return {name: "" for name in blank if name in os.environ}
