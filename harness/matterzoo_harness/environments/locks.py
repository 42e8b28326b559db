"""Making locks: from the packages a person names to exact versions and the sha256 of every file (needs network)."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from matterzoo_harness.environments.folder import EnvironmentFolder
from matterzoo_harness.environments.interpreters import run_uv
from matterzoo_harness.environments.lockfile import read_lock
from matterzoo_harness.locations import refuse_offline
from matterzoo_harness.pip_settings import PipSettings, read_pip_settings, uv_environment
from matterzoo_harness.runtimes.base import Progress, quiet
from matterzoo_harness.torch_builds import TorchBuild, cpu_builds
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

PLATFORM = "x86_64-manylinux_2_28"
"""The oldest glibc that wheels may ask for: what PyTorch's own wheels ask for."""


NO_SOLUTION = "No solution found"
"""How uv begins where requirements contradict each other or a package is not there; a dead network reads otherwise."""


class Unresolvable(MatterzooError):
    """The resolver found no set of versions; its own words say why."""

    def __init__(self, lock: Path, words: str) -> None:
        super().__init__(
            ExitCode.BAD_CARD,
            f"{lock}: the requirements cannot be resolved.\n{words}",
            "change the versions in its requirements.in, then: matterzoo lock",
        )
        self.words = words


@dataclass(frozen=True)
class LockResult:
    """What became of one lock file."""

    path: Path
    packages: int
    changed: bool


def lock_environment(
    folder: EnvironmentFolder,
    variants: Iterable[str] | None = None,
    *,
    upgrade: bool = False,
    progress: Progress = quiet,
) -> list[LockResult]:
    """Resolve `requirements.in` into `<variant>.lock`, for each variant.

    Versions that an existing lock pins are kept where they still fit. Packages that a file `<variant>.excludes` names
    are left out of that variant: so a CPU lock can do without the GPU libraries that a package wants on every Linux. A
    file `uv.toml` tells uv what it could only learn by running a package's setup script (`dependency-metadata`).

    Parameters
    ----------
    folder
        The environment.
    variants
        Which locks; all that the environment declares by default.
    upgrade
        Take the newest versions instead of the pinned ones.
    progress
        Is told what is being done.

    Raises
    ------
    MatterzooError
        BAD_CARD with the resolver's own words where the requirements contradict each other (they are kept beside where
        the lock would be, until it can be made), or where no CPU build of torch can be had.
    """
    refuse_offline("the package index, which a lock is made from")
    results, refusals = [], []
    for name in variants or folder.environment.variants:
        try:
            results.append(_lock_variant(folder, name, upgrade, progress))
        except Unresolvable as error:
            if NO_SOLUTION not in error.words:
                raise
            replace_text(folder.conflict(name), without_places(error.words) + "\n")
            refusals.append(error)
        else:
            folder.conflict(name).unlink(missing_ok=True)
    if refusals:
        raise refusals[0]
    return results


def without_places(words: str) -> str:
    """Leave out of a resolver's words where this machine looks for packages."""
    return re.sub(r"(https?|file)://[^\s`'\")]+", "<index>", words)


def own_needs() -> list[str]:
    """List what our own code needs inside an environment: the dependencies of `matterzoo-schemas`, without extras."""
    return sorted(line for line in metadata.requires("matterzoo-schemas") or [] if "extra ==" not in line)


def compile_lock(requirements: Sequence[str], output: Path, options: Sequence[str], *, upgrade: bool = False) -> int:
    """Run uv's resolver and put its hashed answer at `output`.

    Parameters
    ----------
    requirements
        Requirement lines.
    output
        The lock; replaced in one step, and only where the resolution succeeds.
    options
        Further options of `uv pip compile`.
    upgrade
        Forget the versions that the present lock pins.

    Returns
    -------
    int
        How many packages are pinned.

    Raises
    ------
    MatterzooError
        BAD_CARD with uv's words.
    """
    with tempfile.TemporaryDirectory(prefix="matterzoo-lock-") as name:
        scratch = Path(name)
        asked, lock = scratch / "requirements.in", scratch / "answer.lock"
        asked.write_text("".join(f"{line}\n" for line in requirements), encoding="utf-8")
        if output.is_file() and not upgrade:
            shutil.copyfile(output, lock)
        fixed = ["--quiet", "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-find-links"]
        done = run_uv(
            ["pip", "compile", str(asked), "--output-file", str(lock), *fixed, *options],
            variables=uv_environment(_published(read_pip_settings())),
        )
        if done.returncode:
            raise Unresolvable(output, done.stderr.strip())
        packages = len(read_lock(lock))
        replace_text(output, lock.read_text(encoding="utf-8"))
        return packages


def _published(settings: PipSettings) -> PipSettings:
    """Leave out what only this machine sees.

    A partial mirror in a folder would shorten the lock's hashes to the files that happen to lie there, and a wheel in a
    folder would stand in for the published one; the CPU build of torch is named on purpose, where it is wanted.
    """
    extra = tuple(url for url in settings.extra_index_urls if not url.startswith("file:"))
    return replace(settings, extra_index_urls=extra, find_links=())


def replace_text(path: Path, text: str) -> None:
    """Write a file of ours in one step."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)


def _lock_variant(folder: EnvironmentFolder, variant: str, upgrade: bool, progress: Progress) -> LockResult:
    environment = folder.environment
    lock = folder.path / f"{variant}.lock"
    before = lock.read_bytes() if lock.is_file() else b""
    wanted = (folder.path / "requirements.in").read_text(encoding="utf-8").splitlines() + own_needs()
    options = ["--python-version", environment.python, "--python-platform", PLATFORM]
    excludes = folder.path / f"{variant}.excludes"
    if excludes.is_file():
        options += ["--excludes", str(excludes)]
    settings = folder.path / "uv.toml"
    if settings.is_file():
        options += ["--config-file", str(settings)]
    progress(f"{folder.name}: resolving {variant}.lock")

    # The first pass only finds out which packages there are: uv takes "wheels only" package by package, and for the few
    # that exist as source only it must not be said.
    with tempfile.TemporaryDirectory(prefix="matterzoo-lock-") as scratch:
        first = Path(scratch) / lock.name
        compile_lock(wanted, first, options)
        pins = {pin.name: pin.version for pin in read_lock(first)}
    for name in sorted(pins.keys() - set(environment.source_only)):
        options += ["--only-binary", name]
    if variant == "cpu" and "torch" in pins:
        build = _cpu_torch(folder, pins["torch"])
        progress(f"{folder.name}: torch {build.version} from {build.find_links}")
        wanted = [line for line in wanted if line.strip() != f"torch=={pins['torch']}"]
        wanted.append(f"torch=={build.version}")
        options += ["--find-links", build.find_links]
    packages = compile_lock(wanted, lock, options, upgrade=upgrade)
    return LockResult(lock, packages, lock.read_bytes() != before)


def _cpu_torch(folder: EnvironmentFolder, version: str) -> TorchBuild:
    """Choose the CPU build: of the version that the resolver took, else the newest there is."""
    builds = cpu_builds(folder.environment.python)
    if not builds:
        raise MatterzooError(
            ExitCode.BAD_CARD,
            f"{folder.name}: no CPU build of torch for Python {folder.environment.python} can be had: no folder that "
            "pip is configured with (find-links) and not PyTorch's index has it",
            f"say so in {folder.path / 'environment.toml'} (cpu_is_cuda_lock), and its CUDA lock runs on the CPU",
        )
    return next((build for build in builds if build.version.split("+")[0] == version), builds[0])
