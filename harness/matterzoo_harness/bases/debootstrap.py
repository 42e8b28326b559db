"""A base image from pinned Debian packages, made by mmdebstrap without network."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from matterzoo_harness.bases.debian import PACKAGES, Deb
from matterzoo_harness.store import Store
from matterzoo_schemas.canonical import sha256_of_file
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

SOURCE_DATE_EPOCH = "1700000000"
"""Any fixed second: the same packages give the same archive."""

FORGOTTEN = ("etc/apt/sources.list", "var/log/*", "var/lib/apt/lists/*", "var/cache/apt/*", "var/cache/ldconfig")
"""What says when, or from which folder of this machine, a root was made."""

LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*")


def make_root_archive(debs: Sequence[Deb], suite: str, extra: Collection[str], store: Store, target: Path) -> None:
    """Install packages of the store into an empty root and pack it as a tar.

    Parameters
    ----------
    debs
        The pins; each is verified before it is used.
    suite
        Debian release.
    extra
        Packages beyond the base's own.
    store
        Holds the packages.
    target
        The archive to write.

    Raises
    ------
    MatterzooError
        INPUT_MISSING if a package was not fetched or mmdebstrap is absent, BAD_CARD with mmdebstrap's words.
    """
    if shutil.which("mmdebstrap") is None:
        raise MatterzooError(
            ExitCode.INPUT_MISSING,
            "mmdebstrap is not on this machine",
            "apt-get install mmdebstrap   (or MATTERZOO_BASE=registry)",
        )
    unknown = sorted(set(extra) - {deb.name for deb in debs})
    if unknown:
        raise MatterzooError(
            ExitCode.BAD_CARD, f"{suite}.lock does not pin {', '.join(unknown)}", f"matterzoo lock {suite}"
        )
    with tempfile.TemporaryDirectory(prefix="matterzoo-base-") as name:
        scratch = Path(name)
        scratch.chmod(0o755)  # apt reads it as an unprivileged user
        repository = scratch / "repository"
        write_repository(debs, suite, store, repository)
        command = [
            "mmdebstrap",
            "--variant=essential",
            "--architectures=amd64",
            f"--include={','.join([*PACKAGES, *sorted(extra)])}",
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT),
            "--dpkgopt=path-include=/usr/share/doc/*/copyright",
            '--aptopt=Acquire::Languages "none"',
            "--customize-hook=rm -rf " + " ".join(f'"$1"/{place}' for place in FORGOTTEN),
            suite,
            str(target),
            f"deb [trusted=yes] copy://{repository} ./",
        ]
        environment = os.environ | {"SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH, "LC_ALL": "C", "TMPDIR": name}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise MatterzooError(ExitCode.BAD_CARD, f"mmdebstrap could not make {suite}:\n{done.stderr.strip()[-3000:]}")


def write_repository(debs: Sequence[Deb], suite: str, store: Store, folder: Path) -> None:
    """Lay the packages out as a flat apt repository."""
    folder.mkdir(parents=True)
    paragraphs = []
    for deb in debs:
        source = store.get(deb.sha256)
        shutil.copyfile(source, folder / source.name)
        control = subprocess.run(["dpkg-deb", "--field", source], capture_output=True, text=True, check=True).stdout
        paragraphs.append(f"{control.strip()}\nFilename: ./{source.name}\nSize: {deb.size}\nSHA256: {deb.sha256}\n")
    index = folder / "Packages"
    index.write_text("\n".join(paragraphs), encoding="utf-8")
    # mmdebstrap asks apt for what is essential *in that suite*, so the repository must say which one it is.
    (folder / "Release").write_text(
        f"Suite: {suite}\nCodename: {suite}\nArchitectures: amd64 all\n"
        f"SHA256:\n {sha256_of_file(index)} {index.stat().st_size} Packages\n",
        encoding="utf-8",
    )
