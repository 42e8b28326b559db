"""Which wheels run where a model runs: CPython of some minor on Linux x86-64, as their names say."""

from __future__ import annotations

from functools import lru_cache

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

GLIBC_MINOR = 28


def fits(file_name: str, python: str) -> bool:
    """Tell whether a file is a wheel for CPython of that minor on Linux x86-64 with glibc 2.28 or newer."""
    try:
        tags = parse_wheel_filename(file_name)[3]
    except InvalidWheelFilename:
        return False
    return not tags.isdisjoint(_supported(python))


def platforms() -> list[str]:
    """List the platform tags of wheels that may be taken, the newest first."""
    numbered = [f"manylinux_2_{minor}_x86_64" for minor in range(GLIBC_MINOR, 4, -1)]
    return [*numbered, "manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"]


@lru_cache
def _supported(python: str) -> frozenset[Tag]:
    major, minor = map(int, python.split("."))
    interpreter = f"cp{major}{minor}"
    own = cpython_tags((major, minor), abis=[interpreter], platforms=platforms())
    return frozenset(own) | frozenset(compatible_tags((major, minor), interpreter, platforms()))
