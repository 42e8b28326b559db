"""Which environments no single one could replace: the resolver is asked for both at once, and says why not."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from matterzoo_harness.environments.folder import EnvironmentFolder
from matterzoo_harness.environments.locks import NO_SOLUTION, PLATFORM, Unresolvable, compile_lock, without_places
from matterzoo_harness.locations import refuse_offline


@dataclass(frozen=True)
class Clash:
    """Two environments and why no single one could serve both.

    Parameters
    ----------
    one, other
        Their names.
    words
        The resolver's own; empty if one set of packages serves both.
    """

    one: str
    other: str
    words: str


def clashes(folders: Sequence[EnvironmentFolder], jobs: int = 2) -> list[Clash]:
    """Resolve the requirements of every pair of environments together.

    Parameters
    ----------
    folders
        Two or more environments.
    jobs
        How many resolutions at one time.

    Returns
    -------
    list of Clash
        One a pair. A pair clashes if it can be resolved for neither of the two environments' Pythons.

    Raises
    ------
    MatterzooError
        INPUT_MISSING if the network is out of reach; BAD_CARD where the resolver fails for another reason.
    """
    refuse_offline("the package index, which is asked for every pair")
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda pair: _clash(*pair), combinations(folders, 2)))


def _clash(one: EnvironmentFolder, other: EnvironmentFolder) -> Clash:
    wanted = [line for folder in (one, other) for line in _requirements(folder)]
    words = ""
    for python in sorted({one.environment.python, other.environment.python}):
        options = ["--python-version", python, "--python-platform", PLATFORM]
        options += _settings(one) or _settings(other)  # uv reads one such file
        with tempfile.TemporaryDirectory(prefix="matterzoo-clash-") as scratch:
            try:
                compile_lock(wanted, Path(scratch) / "both.lock", options)
            except Unresolvable as error:
                if NO_SOLUTION not in error.words:
                    raise
                words = words or without_places(error.words)
            else:
                return Clash(one.name, other.name, "")
    return Clash(one.name, other.name, words)


def _settings(folder: EnvironmentFolder) -> list[str]:
    """Name the file that tells uv what it could only learn by running a package's setup script, if there is one."""
    file = folder.path / "uv.toml"
    return ["--config-file", str(file)] if file.is_file() else []


def _requirements(folder: EnvironmentFolder) -> list[str]:
    """Return an environment's requirements but for torch itself: which one is our choice, not its models' need."""
    lines = (folder.path / "requirements.in").read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith("torch==")]
