"""Which packages of a lock some of them need, as their wheels say."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from email.parser import HeaderParser

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from matterzoo_harness.environments.wheels import Wheel


def with_needs(names: Iterable[str], wheels: Mapping[str, Wheel], python: str) -> list[Wheel]:
    """Give the wheels of some packages and of all that they need to be imported.

    Parameters
    ----------
    names
        The packages; each has a wheel.
    wheels
        Wheels of one lock, by package name. Only they are looked at: the resolver has chosen them already.
    python
        Python minor.

    Returns
    -------
    list of Wheel
        Sorted by name, each once.
    """
    found: dict[str, Wheel] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in wheels and name not in found:
            found[name] = wheels[name]
            waiting += _needs(wheels[name], python)
    return [found[name] for name in sorted(found)]


def _needs(wheel: Wheel, python: str) -> list[str]:
    """Read `Requires-Dist`, without extras."""
    with zipfile.ZipFile(wheel.path) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        headers = HeaderParser().parsestr(archive.read(metadata).decode("utf-8"))
    asked = [Requirement(line) for line in headers.get_all("Requires-Dist", [])]
    machine = {"python_version": python, "python_full_version": f"{python}.0", "extra": ""}
    return [canonicalize_name(need.name) for need in asked if need.marker is None or need.marker.evaluate({**machine})]
