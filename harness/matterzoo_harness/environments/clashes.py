"""Which environments no single one could replace: the resolver is asked for both at once, and says why not.

Each answer is kept in the cache under the hash of all that was asked, the moment it is there.
"""

from __future__ import annotations

import json
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from matterzoo_harness.environments.folder import EnvironmentFolder
from matterzoo_harness.environments.interpreters import uv_version
from matterzoo_harness.environments.locks import (
    NO_SOLUTION,
    PLATFORM,
    Unresolvable,
    compile_lock,
    replace_text,
    without_places,
)
from matterzoo_harness.locations import cache, refuse_offline
from matterzoo_schemas.canonical import sha256_of
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

Pair = tuple[EnvironmentFolder, EnvironmentFolder]
Tell = Callable[[str, int, int], None]
AT_ONCE = 2
"""Resolutions at one time: each waits for the index most of its time, and indexes do not like a crowd."""


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


def clashes(folders: Sequence[EnvironmentFolder], tell: Tell | None = None, *, again: bool = False) -> list[Clash]:
    """Resolve the requirements of every pair of environments together.

    Parameters
    ----------
    folders
        Two or more environments.
    tell
        Is told how many of how many pairs have an answer, first of all those whose answer was kept.
    again
        Ask for every pair, whatever was kept: the index has new packages by now.

    Returns
    -------
    list of Clash
        One a pair. A pair clashes if it can be resolved for neither of the two environments' Pythons.

    Raises
    ------
    MatterzooError
        INPUT_MISSING if the network is needed and forbidden; BAD_CARD where the resolver fails for another reason.
        What was answered until then is kept.
    """
    pairs = list(combinations(sorted(folders, key=lambda folder: folder.name), 2))
    kept = {_names(pair): None if again else _kept(pair) for pair in pairs}
    words = {names: answer for names, answer in kept.items() if answer is not None}
    asked = [pair for pair in pairs if _names(pair) not in words]
    if asked:
        refuse_offline("the package index, which is asked for every pair")
    if tell:
        tell("pairs", len(words), len(pairs))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = {pool.submit(_ask, pair): _names(pair) for pair in asked}
        try:
            for answer in as_completed(running):
                words[running[answer]] = answer.result()
                if tell:
                    tell("pairs", len(words), len(pairs))
        except BaseException:  # an interruption too: what did not begin yet does not begin
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [Clash(*names, words[names]) for names in map(_names, pairs)]


def _names(pair: Pair) -> tuple[str, str]:
    return pair[0].name, pair[1].name


def _ask(pair: Pair) -> str:
    """Resolve one pair, keep the answer, and return the resolver's refusal, or nothing."""
    words = _resolve(pair)
    note = _note(pair)
    note.parent.mkdir(parents=True, exist_ok=True)
    replace_text(note, json.dumps({"environments": _names(pair), "words": words}, indent=2) + "\n")
    return words


def _resolve(pair: Pair) -> str:
    wanted = [line for folder in pair for line in _requirements(folder)]
    words = ""
    for python in _pythons(pair):
        with tempfile.TemporaryDirectory(prefix="matterzoo-clash-") as name:
            scratch = Path(name)
            (scratch / "uv.toml").write_text(_settings(pair), encoding="utf-8")
            options = ["--python-version", python, "--python-platform", PLATFORM]
            options += ["--config-file", str(scratch / "uv.toml")]
            try:
                compile_lock(wanted, scratch / "both.lock", options)
            except Unresolvable as error:
                if NO_SOLUTION not in error.words:
                    raise MatterzooError(
                        ExitCode.BAD_CARD,
                        f"{' and '.join(_names(pair))} could not be resolved together:\n{error.words}",
                        "answers so far are kept; the same command goes on where it stopped",
                    ) from error
                words = words or without_places(error.words)
            else:
                return ""
    return words


def _kept(pair: Pair) -> str | None:
    """Return what the resolver said of a pair before, if it was asked just this."""
    try:
        return str(json.loads(_note(pair).read_bytes())["words"])
    except FileNotFoundError:
        return None


def _note(pair: Pair) -> Path:
    """Name the file of a pair's answer: by all that the resolver is told, and which resolver it is."""
    wanted = [_requirements(folder) for folder in pair]
    told = {"uv": uv_version(), "wanted": wanted, "settings": _settings(pair), "pythons": _pythons(pair)}
    return cache() / "conflicts" / f"{sha256_of(told | {'platform': PLATFORM})}.json"


def _pythons(pair: Pair) -> list[str]:
    return sorted({folder.environment.python for folder in pair})


def _settings(pair: Pair) -> str:
    """Join what uv could only learn by running setup scripts: it reads one such file, and each environment has one."""
    files = [file for folder in pair if (file := folder.path / "uv.toml").is_file()]
    known = [entry for file in files for entry in tomllib.loads(file.read_text("utf-8")).get("dependency-metadata", [])]
    tables = [", ".join(f"{key} = {json.dumps(value)}" for key, value in entry.items()) for entry in known]
    return f"dependency-metadata = [{', '.join(f'{{ {table} }}' for table in tables)}]\n"


def _requirements(folder: EnvironmentFolder) -> list[str]:
    """Return an environment's requirements but for torch itself: which one is our choice, not its models' need."""
    lines = (folder.path / "requirements.in").read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith("torch==")]
