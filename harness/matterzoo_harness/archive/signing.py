"""Sign an archive and verify that, with OpenSSH's own signatures (`ssh-keygen -Y`): whoever has git has it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from matterzoo_harness.archive.writing import SUMS
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

NAMESPACE = "matterzoo-archive"
"""Keeps a signature of an archive from being taken for one of anything else."""


def refuse_tar(archive: Path) -> None:
    """Refuse to sign a tar: the signature lies beside `sha256sums`.

    Raises
    ------
    MatterzooError
        `USAGE`.
    """
    if archive.suffix == ".tar":
        raise MatterzooError(ExitCode.USAGE, "only a folder can be signed", "-o a folder; tar it afterwards")


def sign_archive(archive: Path, key: Path) -> Path:
    """Sign `sha256sums`, which names every byte.

    Returns
    -------
    signature
        `sha256sums.sig`.

    Raises
    ------
    MatterzooError
        `INPUT_MISSING` without that key, `CANNOT_WRITE` with ssh-keygen's words.
    """
    if not key.is_file():
        raise MatterzooError(ExitCode.INPUT_MISSING, f"there is no key {key}", "ssh-keygen -t ed25519 -f KEY")
    sums = archive / SUMS
    done = _run(["-Y", "sign", "-q", "-n", NAMESPACE, "-f", str(key), str(sums)], b"")
    if done.returncode:
        raise MatterzooError(ExitCode.CANNOT_WRITE, f"ssh-keygen does not sign {sums}: {_words(done)}")
    return archive / f"{SUMS}.sig"


def verify_signature(archive: Path, signers: Path | None) -> str | None:
    """Verify an archive's signature.

    Parameters
    ----------
    archive
        Which was verified by its hashes.
    signers
        A file of allowed signers; None if anybody may have signed it.

    Returns
    -------
    signer
        Who signed it: the name in `signers`, else the key's fingerprint; None if nobody did.

    Raises
    ------
    MatterzooError
        `DIGEST_MISMATCH` for a signature that does not hold, or is of nobody in `signers`.
    """
    signature, sums = archive / f"{SUMS}.sig", archive / SUMS
    if not archive.is_dir() or not signature.is_file():
        if signers:
            raise MatterzooError(ExitCode.DIGEST_MISMATCH, f"{archive} is not signed", "ask whom it came from")
        return None
    content = sums.read_bytes()
    common = ["-n", NAMESPACE, "-s", str(signature)]
    if signers is None:
        done = _run(["-Y", "check-novalidate", *common], content)
        return _fingerprint(done, signature)
    found = _run(["-Y", "find-principals", "-s", str(signature), "-f", str(signers)], b"")
    name = found.stdout.decode("utf-8", "replace").partition("\n")[0].strip()
    done = _run(["-Y", "verify", "-f", str(signers), "-I", name, *common], content) if name else found
    if done.returncode or not name:
        raise MatterzooError(
            ExitCode.DIGEST_MISMATCH, f"{signature} is of nobody in {signers}: {_words(done)}", "do not use it"
        )
    return name


def _fingerprint(done: subprocess.CompletedProcess[bytes], signature: Path) -> str:
    if done.returncode:
        raise MatterzooError(ExitCode.DIGEST_MISMATCH, f"{signature} does not hold: {_words(done)}", "do not use it")
    said = done.stdout.decode("utf-8", "replace")
    return next((word for word in said.split() if word.startswith("SHA256:")), said.strip())


def _run(arguments: Sequence[str], given: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["ssh-keygen", *arguments], input=given, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise MatterzooError(
            ExitCode.INPUT_MISSING, "ssh-keygen is not on this machine", "apt-get install openssh-client"
        ) from error


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    return (done.stderr + done.stdout).decode("utf-8", "replace").strip()
