"""The Debian packages of a base: chosen by apt, pinned in `containers/base/<suite>.lock`, fetched into the store."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path

from matterzoo_harness.downloads import download
from matterzoo_harness.environments.folder import environment_names, find_environment
from matterzoo_harness.environments.locks import LockResult, replace_text
from matterzoo_harness.locations import packaged_containers, refuse_offline
from matterzoo_harness.runtimes.base import Progress, quiet
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

SUITES = {"3.11": "bookworm", "3.13": "trixie"}
"""Which Debian release carries which Python."""

PACKAGES = ("ca-certificates", "libgomp1", "libstdc++6", "python3")
"""What every base has on top of Debian's essential packages."""

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PARALLEL = 8


@dataclass(frozen=True)
class Deb:
    """One pinned Debian package; `path` is below the mirror's root."""

    name: str
    version: str
    sha256: str
    size: int
    path: str


def suite_of(python: str) -> str:
    """Name the Debian release whose Python is of that minor.

    Raises
    ------
    MatterzooError
        BAD_CARD if none is.
    """
    if python not in SUITES:
        raise MatterzooError(
            ExitCode.BAD_CARD,
            f"no Debian release of ours carries Python {python}; there are {', '.join(SUITES)}",
            "change python in environment.toml, or use MATTERZOO_BASE=registry",
        )
    return SUITES[python]


def lock_path(suite: str) -> Path:
    """Say where a suite's pins stand."""
    return packaged_containers() / "base" / f"{suite}.lock"


def read_debs(suite: str) -> list[Deb]:
    """Read a suite's pins.

    Raises
    ------
    MatterzooError
        BAD_CARD if there are none, or a line is not one.
    """
    path = lock_path(suite)
    try:
        rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        return [Deb(name, version, sha256, int(size), pool) for name, version, sha256, size, pool in rows]
    except (OSError, ValueError) as error:
        raise MatterzooError(
            ExitCode.BAD_CARD, f"{path} holds no pins of Debian packages: {error}", f"matterzoo lock {suite}"
        ) from error


def lock_suite(suite: str, progress: Progress = quiet) -> LockResult:
    """Pin a suite's packages: every base's, and those that any environment of that Python asks for; see `lock_debs`."""
    environments = [find_environment(name).environment for name in environment_names()]
    extra = {package for found in environments if SUITES.get(found.python) == suite for package in found.debian}
    return lock_debs(suite, extra, progress)


def lock_debs(suite: str, extra: Collection[str] = (), progress: Progress = quiet) -> LockResult:
    """Let apt choose the packages for an empty system, and pin them (needs apt and the network; installs nothing).

    Only the suite's main archive is asked: it keeps its files until the next point release, the security archive
    does not.

    Parameters
    ----------
    suite
        `bookworm` or `trixie`.
    extra
        Packages that environments ask for.
    progress
        Is told what is being done.

    Raises
    ------
    MatterzooError
        BAD_CARD with apt's words, INPUT_MISSING without apt or a mirror.
    """
    refuse_offline("the Debian mirror, which a base's lock is made from")
    progress(f"resolving {suite}.lock")
    with tempfile.TemporaryDirectory(prefix="matterzoo-apt-") as name:
        options = _private_root(Path(name), suite)
        _apt(["apt-get", *options, "update", "--error-on=any"])
        wanted = ["?essential", *PACKAGES, *sorted(extra)]
        plan = _apt(["apt-get", *options, "install", "--simulate", "--no-install-recommends", *wanted])
        chosen = [line.split()[1:3] for line in plan.splitlines() if line.startswith("Inst ")]
        shown = _apt(["apt-cache", *options, "show", *(f"{name}={version.lstrip('(')}" for name, version in chosen)])
    debs = sorted({_deb(paragraph) for paragraph in shown.strip().split("\n\n")}, key=lambda deb: deb.name)
    path = lock_path(suite)
    before = path.read_bytes() if path.exists() else b""
    head = f"# Debian {suite}, amd64: name, version, sha256, bytes, path below a mirror's root.\n"
    replace_text(path, head + "".join(" ".join(map(str, astuple(deb))) + "\n" for deb in debs))
    return LockResult(path, len(debs), path.read_bytes() != before)


def fetch_debs(debs: Sequence[Deb], suite: str, store: Store, progress: Progress = quiet) -> None:
    """Fetch the pinned packages that the store lacks; runs nothing of them.

    Raises
    ------
    MatterzooError
        INPUT_MISSING naming those that the mirror no longer carries, DIGEST_MISMATCH.
    """
    missing = [deb for deb in debs if store.find(deb.sha256) is None]
    if not missing:
        return
    refuse_offline(", ".join(f"{deb.name} {deb.version}" for deb in missing))
    root = mirror()
    progress(f"fetching {len(missing)} Debian packages of {suite}")

    def fetch(deb: Deb) -> Deb | None:
        name = Path(deb.path).name
        with store.scratch() as folder:
            try:
                download(f"{root}/{deb.path}", folder / name)
            except MatterzooError as error:
                if "answers 404" in error.message:
                    return deb
                raise
            store.add(folder / name, deb.sha256)
        return None

    with ThreadPoolExecutor(PARALLEL) as pool:
        gone = [deb for deb in pool.map(fetch, missing) if deb]
    if gone:
        raise MatterzooError(
            ExitCode.INPUT_MISSING,
            f"the mirror no longer carries {', '.join(f'{deb.name} {deb.version}' for deb in gone)}",
            f"matterzoo lock {suite}   (or set MATTERZOO_DEBIAN_MIRROR to a snapshot that has them)",
        )


def mirror() -> str:
    """Give the root of a Debian mirror: `MATTERZOO_DEBIAN_MIRROR`, else the one that this machine's apt uses.

    Raises
    ------
    MatterzooError
        INPUT_MISSING if this machine is no Debian and none is set.
    """
    own = os.environ.get("MATTERZOO_DEBIAN_MIRROR")
    if own:
        return own.rstrip("/")
    shape = "$(REPO_URI) $(CODENAME) $(COMPONENT) $(ORIGIN)"
    try:
        targets = _apt(["apt-get", "indextargets", "--format", shape])
    except MatterzooError:
        targets = ""
    for line in targets.splitlines():
        uri, codename, component, *origin = line.split()
        if component == "main" and origin == ["Debian"] and codename.isalpha():
            return uri.rstrip("/")
    raise MatterzooError(
        ExitCode.INPUT_MISSING,
        "no Debian mirror is known: this machine's apt has none (or has read no package lists yet: apt-get update)",
        "MATTERZOO_DEBIAN_MIRROR=<root of a Debian mirror>",
    )


def _private_root(root: Path, suite: str) -> list[str]:
    """Make an empty system's apt: no installed package, one archive, nothing of the host's but the mirror's name."""
    for folder in (
        "etc/apt/apt.conf.d",
        "etc/apt/preferences.d",
        "etc/apt/sources.list.d",
        "var/lib/apt/lists/partial",
    ):
        (root / folder).mkdir(parents=True)
    for folder in ("var/lib/dpkg", "var/cache/apt/archives/partial"):
        (root / folder).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    source = f"deb [arch=amd64 signed-by={KEYRING}] {mirror()} {suite} main\n"
    (root / "etc/apt/sources.list").write_text(source, encoding="utf-8")
    settings = {
        "Dir": root,
        "Dir::State::status": root / "var/lib/dpkg/status",
        "APT::Architecture": "amd64",
        "APT::Architectures": "amd64",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
    }
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def _apt(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"LC_ALL": "C"})
    except FileNotFoundError as error:
        raise MatterzooError(
            ExitCode.INPUT_MISSING,
            f"{command[0]} is not on this machine",
            "apt is Debian's and Ubuntu's; run this there",
        ) from error
    if done.returncode:
        raise MatterzooError(ExitCode.BAD_CARD, f"{command[0]} refuses:\n{done.stderr.strip()}")
    return done.stdout


def _deb(paragraph: str) -> Deb:
    fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and not line.startswith(" "))
    return Deb(fields["Package"], fields["Version"], fields["SHA256"], int(fields["Size"]), fields["Filename"])
