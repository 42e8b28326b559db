"""What a lock would become: told with its reason, and nothing written."""

from __future__ import annotations

from matterzoo_harness.environments.lock_changes import FILES, NEWER, differences
from matterzoo_harness.environments.lockfile import Pin


def pins(**versions: tuple[str, str]) -> dict[str, Pin]:
    return {name: Pin(name, version, frozenset({digest * 64})) for name, (version, digest) in versions.items()}


def test_equal_locks_do_not_differ() -> None:
    assert differences(pins(numpy=("1.0", "a")), pins(numpy=("1.0", "a")), NEWER) == []


def test_versions_packages_and_files_are_told_apart() -> None:
    old = pins(numpy=("1.0", "a"), gone=("1.0", "b"), same=("1.0", "c"), exchanged=("1.0", "d"))
    new = pins(numpy=("1.1", "f"), come=("2.0", "e"), same=("1.0", "c"), exchanged=("1.0", "0"))
    assert differences(old, new, NEWER) == [
        ("come==2.0 comes", NEWER),
        ("exchanged==1.0: 2 hashes", FILES),
        ("gone==1.0 goes", NEWER),
        ("numpy 1.0 → 1.1", NEWER),
    ]
