"""The locks of the host: `cpu.lock`, `cuda.lock`, `tests/cpu.lock`, and the tools that environments are made with."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matterzoo_harness.environments.locks import LockResult, compile_lock
from matterzoo_harness.locations import refuse_offline
from matterzoo_harness.runtimes.base import Progress, quiet
from matterzoo_harness.torch_builds import cpu_builds
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

PYTHON = "3.11"
"""The oldest Python that the host's code runs on; the locks hold for it and all later ones."""

OURS = ("matterzoo", "matterzoo-schemas", "matterzoo-adapters")
EDITABLE_NEEDS = ("editables",)
"""What hatchling wants on top of itself to install a folder in place, without network."""


def lock_host(root: Path | None = None, *, upgrade: bool = False, progress: Progress = quiet) -> list[LockResult]:
    """Make the host's locks anew from the three `pyproject.toml` and `tests/requirements.in`.

    `cpu.lock` pins the CPU build of torch, `cuda.lock` the one of the package index; both know every platform.

    Parameters
    ----------
    root
        A checkout of this repository; the one that this module lies in by default.
    upgrade
        Take the newest versions instead of the pinned ones.
    progress
        Is told what is being done.

    Raises
    ------
    MatterzooError
        USAGE outside a checkout; BAD_CARD with the resolver's words, or without a CPU build of torch.
    """
    refuse_offline("the package index, which a lock is made from")
    root = root or Path(__file__).parents[3]
    if not (root / "schemas" / "pyproject.toml").is_file():
        raise MatterzooError(ExitCode.USAGE, f"{root} is no checkout of matterzoo: the host's locks are made there")
    builds = cpu_builds(PYTHON)
    if not builds:
        raise MatterzooError(
            ExitCode.BAD_CARD,
            f"no CPU build of torch for Python {PYTHON} can be had: no folder that pip is configured with (find-links) "
            "and not PyTorch's index has it",
            "put its wheel in a folder and set PIP_FIND_LINKS to it",
        )
    wanted = host_requirements(root)
    universal = ["--universal", "--python-version", PYTHON]
    release = builds[0].version.partition("+")[0]
    cpu, cuda, tests = root / "cpu.lock", root / "cuda.lock", root / "tests" / "cpu.lock"
    progress(f"resolving cpu.lock: torch {builds[0].version} from {builds[0].find_links}")
    from_builds = [*universal, "--find-links", builds[0].find_links]
    results = [_lock([*wanted, f"torch=={builds[0].version}"], cpu, from_builds, upgrade)]
    progress(f"resolving cuda.lock: torch {release}")
    results.append(_lock([*wanted, f"torch=={release}"], cuda, universal, upgrade))
    progress("resolving tests/cpu.lock")
    asked = (root / "tests" / "requirements.in").read_text(encoding="utf-8").splitlines()
    results.append(_lock(asked, tests, [*from_builds, "--constraint", str(cpu)], upgrade))
    progress("resolving containers/base/tools.lock")
    tools = root / "containers" / "base" / "tools.in"
    asked = tools.read_text(encoding="utf-8").splitlines()
    results.append(_lock(asked, tools.with_suffix(".lock"), universal, upgrade))
    return results


def host_requirements(root: Path) -> list[str]:
    """List what our three distributions need, and what installing them in place needs; none of our own."""
    found: list[str] = list(EDITABLE_NEEDS)
    for folder in (root, root / "schemas", root / "adapters"):
        described = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        project: dict[str, Any] = described["project"]
        extras: dict[str, list[str]] = project.get("optional-dependencies", {})
        found += project["dependencies"] + extras.get("host", []) + described["build-system"]["requires"]
    return sorted({line for line in found if _name(line) not in OURS})


def _name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    return match.group().lower().replace("_", "-") if match else ""


def _lock(requirements: Sequence[str], path: Path, options: Sequence[str], upgrade: bool) -> LockResult:
    before = path.read_bytes() if path.is_file() else b""
    packages = compile_lock(requirements, path, options, upgrade=upgrade)
    return LockResult(path, packages, path.read_bytes() != before)
