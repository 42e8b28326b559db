"""The real command in a network namespace of its own, which has no network at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 900


def needs_namespaces() -> None:
    """Leave the test out where no namespace can be made; in CI that is a failure."""
    if os.geteuid() != 0:
        leave = pytest.fail if os.environ.get("CI", "").lower() in ("1", "true") else pytest.skip
        leave("absent real part: a network namespace (needs root)")


def matterzoo_without_network(*arguments: str | Path, home: Path, cache: Path) -> str:
    """Run `matterzoo …` to its end with the network cut, in places of its own, and return what it printed."""
    command = ["unshare", "--net", str(Path(sys.executable).with_name("matterzoo")), *map(str, arguments)]
    places = {"MATTERZOO_HOME": str(home), "MATTERZOO_CACHE": str(cache)}
    done = subprocess.run(
        command, env=os.environ | places, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
