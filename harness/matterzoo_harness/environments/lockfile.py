"""Hashed requirement files: what they pin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Pin:
    """One line of a lock: a package, its version, and the sha256 of every file that may be installed for it.

    A package that exists as source only and compiles names the pins that it is compiled against.
    """

    name: str
    version: str
    sha256s: frozenset[str]
    against: tuple[Pin, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def read_lock(lock: Path) -> list[Pin]:
    """Read every pin of a lock, in its order.

    Raises
    ------
    MatterzooError
        BAD_CARD for a line that is no exact pin, or has no hash.
    """
    return parse_lock(lock.read_text(encoding="utf-8"), str(lock))


def parse_lock(text: str, origin: str) -> list[Pin]:
    """Read every pin of a lock's text; see `read_lock`."""
    pins = []
    for line in text.replace("\\\n", " ").splitlines():
        requirement = line.partition(" #")[0].strip()
        if not requirement or requirement.startswith("#"):
            continue
        match = _PIN.match(requirement)
        hashes = frozenset(_HASH.findall(requirement))
        if match is None or not hashes:
            raise MatterzooError(
                ExitCode.BAD_CARD,
                f"{origin}: not an exact pin with a sha256: {requirement.split(' --hash')[0]}",
                "make the lock again: matterzoo lock",
            )
        pins.append(Pin(match["name"], match["version"], hashes))
    return pins
