"""The wheels of a lock: which file of each pin fits, fetched into the store, each checked against the lock's hashes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from matterzoo_harness.environments.lockfile import Pin
from matterzoo_harness.environments.sources import fetch_source, is_listed
from matterzoo_harness.environments.tags import fits, platforms
from matterzoo_harness.locations import refuse_offline
from matterzoo_harness.runtimes.base import Progress, quiet
from matterzoo_harness.store import Store
from matterzoo_harness.torch_builds import cpu_builds
from matterzoo_schemas.canonical import sha256_of, sha256_of_file
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

PARALLEL = 4
PINS_A_CALL = 4
"""pip copies its downloads at its very end: few pins a call, and little is lost when it is interrupted."""


@dataclass(frozen=True)
class Wheel:
    """One wheel of the store, and the pin that it satisfies."""

    pin: Pin
    sha256: str
    path: Path


def stored_wheels(pins: Sequence[Pin], python: str, store: Store) -> tuple[list[Wheel], list[Pin]]:
    """Look every pin up in the store, without network.

    Parameters
    ----------
    pins
        The lock.
    python
        Python minor that the wheels are for.
    store
        Where they are kept.

    Returns
    -------
    tuple of list
        What is there, and the pins of which no fitting wheel is.
    """
    found = {pin: _stored(pin, python, store) for pin in pins}
    return [wheel for wheel in found.values() if wheel], [pin for pin, wheel in found.items() if wheel is None]


def require_wheels(pins: Sequence[Pin], python: str, store: Store, fetch_hint: str) -> list[Wheel]:
    """Give the wheel of every pin.

    Raises
    ------
    MatterzooError
        INPUT_MISSING naming every pin that the store lacks.
    """
    wheels, missing = stored_wheels(pins, python, store)
    if missing:
        raise MatterzooError(
            ExitCode.INPUT_MISSING,
            f"{len(missing)} of {len(pins)} packages are not in the store {store.root}: {', '.join(map(str, missing))}",
            fetch_hint,
        )
    return wheels


def requirements_of(wheels: Sequence[Wheel]) -> str:
    """Write a lock of exactly these files: each pin with the one hash of the wheel that is there."""
    return "".join(f"{wheel.pin} --hash=sha256:{wheel.sha256}\n" for wheel in wheels)


def fetch_wheels(
    pins: Sequence[Pin], python: str, source_only: Collection[str], store: Store, progress: Progress = quiet
) -> None:
    """Fetch what the store lacks of a lock; runs nothing of what it fetched.

    Of the packages in `source_only` the source is fetched; `sealed.build_sources` makes their wheels.

    Parameters
    ----------
    pins
        The lock.
    python
        Python minor that the wheels are for.
    source_only
        Names of packages without wheels.
    store
        Where the files go; one that is there already is not fetched again.
    progress
        Is told what is being fetched.

    Raises
    ------
    MatterzooError
        DIGEST_MISMATCH for a file that is not the locked one, BAD_CARD for a pin without a wheel for this platform,
        INPUT_MISSING if the index cannot be reached (or must not: MATTERZOO_OFFLINE).
    """
    _, missing = stored_wheels(pins, python, store)
    wanted = [pin for pin in missing if pin.name not in source_only]
    sources = [
        pin for pin in missing if pin.name in source_only and not any(store.find(sha256) for sha256 in pin.sha256s)
    ]
    if not wanted and not sources:
        return
    refuse_offline(", ".join(map(str, [*wanted, *sources])))
    progress(f"fetching {len(wanted) + len(sources)} of {len(pins)} packages")
    links = _torch_links(wanted, python)
    calls = [wanted[start : start + PINS_A_CALL] for start in range(0, len(wanted), PINS_A_CALL)]
    with ThreadPoolExecutor(PARALLEL) as pool:
        for done in pool.map(lambda call: _pip_download(call, python, links, store), calls):
            progress(f"fetched {', '.join(map(str, done))}")
    for pin in sources:
        fetch_source(pin, store)
        progress(f"fetched {pin} as source")


def built_note(pin: Pin, sha256: str, python: str, store: Store) -> str | None:
    """Name the note that says which wheel a source became: of something compiled, against these very wheels.

    Parameters
    ----------
    pin
        The package.
    sha256
        Its source.
    python
        Python minor.
    store
        Holds the wheels that it is compiled against.

    Returns
    -------
    str or None
        None while one of those is not there: then nothing was built against it either.
    """
    if not pin.against:
        return f"{sha256}-{python}"
    wheels = [_stored(other, python, store) for other in pin.against]
    if None in wheels:
        return None
    return f"{sha256}-{python}-{sha256_of(sorted(wheel.sha256 for wheel in wheels if wheel))[:16]}"


def _stored(pin: Pin, python: str, store: Store) -> Wheel | None:
    for sha256 in sorted(pin.sha256s):
        note = built_note(pin, sha256, python, store)
        built = store.note("built", note) if note else None
        path = store.find(built or sha256)
        if path and fits(path.name, python):
            return Wheel(pin, built or sha256, path)
    return None


def _torch_links(pins: Sequence[Pin], python: str) -> list[str]:
    """Say where the locked CPU build of torch lies, if one is wanted: pip does not know PyTorch's own index."""
    locked = [pin for pin in pins if pin.name == "torch" and "+" in pin.version]
    if not locked:
        return []
    places = [build.find_links for build in cpu_builds(python) if build.sha256 in locked[0].sha256s]
    if not places:
        raise MatterzooError(
            ExitCode.INPUT_MISSING,
            f"the locked CPU build {locked[0]} can be had neither from a folder that pip is configured with "
            "(find-links) nor from PyTorch's own index",
            "put its wheel in a folder and set PIP_FIND_LINKS to it",
        )
    return ["--find-links", places[0]]


def _pip_download(pins: Sequence[Pin], python: str, links: list[str], store: Store) -> Sequence[Pin]:
    tag = "cp" + python.replace(".", "")
    platform = [word for name in platforms() for word in ("--platform", name)]
    abis = ["--abi", tag, "--abi", "abi3", "--abi", "none"]
    target = ["--python-version", python, "--implementation", "cp", *abis, *platform, "--only-binary", ":all:"]
    with store.scratch() as folder:
        asked = folder / "requirements.txt"
        lines = [f"{pin} {' '.join(f'--hash=sha256:{sha256}' for sha256 in sorted(pin.sha256s))}" for pin in pins]
        asked.write_text("\n".join(lines), encoding="utf-8")
        fixed = ["--no-deps", "--require-hashes", "--no-cache-dir", "--disable-pip-version-check", "--no-input"]
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", *fixed, *target, *links, "-r", asked, "-d", folder / "wheels"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise _explain(pins, done.stderr)
        for file in sorted((folder / "wheels").iterdir()):
            _keep(file, pins, store)
    return pins


def _keep(file: Path, pins: Sequence[Pin], store: Store) -> None:
    """Put one download in the store, after looking again at what pip has already checked."""
    digest = sha256_of_file(file)
    if not any(digest in pin.sha256s for pin in pins):
        raise MatterzooError(ExitCode.DIGEST_MISMATCH, f"{file.name} has sha256 {digest}, which its lock does not list")
    store.add(file, digest)


def _explain(pins: Sequence[Pin], stderr: str) -> MatterzooError:
    """Give pip's words the exit code that they deserve."""
    names = ", ".join(map(str, pins))
    words = "\n".join(line for line in stderr.strip().splitlines() if not line.startswith("WARNING: Retrying"))
    if "DO NOT MATCH THE HASHES" in stderr:
        return MatterzooError(
            ExitCode.DIGEST_MISMATCH,
            f"the index serves other files than the lock names (of {names}):\n{words}",
            "do not install them; if the packages were published anew on purpose: matterzoo lock",
        )
    if "No space left" in stderr:
        return MatterzooError(ExitCode.DISK_FULL, f"no space left while fetching {names}", "free some, then again")
    if "No matching distribution" in stderr and all(is_listed(pin.name) for pin in pins):
        return MatterzooError(
            ExitCode.BAD_CARD,
            f"a package has no wheel that fits:\n{words}",
            "if it exists as source only, name it in source_only in environment.toml; otherwise: matterzoo lock",
        )
    return MatterzooError(
        ExitCode.INPUT_MISSING,
        f"could not be fetched: {names}\n{words}",
        "check the network and pip's settings, then again",
    )
