"""Checkpoints: fetched on the host, checked, kept in the store; a token never goes further than this module."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from filelock import FileLock

from matterzoo_harness.downloads import download
from matterzoo_harness.locations import refuse_offline
from matterzoo_harness.runtimes.base import Progress, quiet
from matterzoo_harness.store import Store, writing
from matterzoo_schemas.canonical import sha256_of, sha256_of_file
from matterzoo_schemas.card import Checkpoint
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.lock import LockedCheckpoint

_NOTES = "checkpoints"
_NOT_WEIGHTS = {
    b"<!doctype html": "a web page (a login or an error page, it seems)",
    b"<html": "a web page (a login or an error page, it seems)",
    b"version https://git-lfs": "a Git LFS pointer, not the file that it points to",
}


def fetch_checkpoint(
    checkpoint: Checkpoint, locked: LockedCheckpoint | None, store: Store, *, progress: Progress = quiet
) -> Path | None:
    """Have a checkpoint in the store, fetched if it is not there.

    The expected sha256 is the card's, else the measured one of `lock.json`. Where neither is known the file is taken as
    it comes, once: later fetches on this machine give the same bytes, and `matterzoo lock` writes down what they are.

    Parameters
    ----------
    checkpoint
        What the card says.
    locked
        What was measured before.
    store
        Where it goes.
    progress
        Is told what is being fetched.

    Returns
    -------
    Path or None
        The file; None where the package brings it, or nothing is to be loaded.

    Raises
    ------
    MatterzooError
        GATED where a licence must be accepted first, DIGEST_MISMATCH for other bytes than expected, INPUT_MISSING for
        what is not there or cannot be reached, DISK_FULL, CANNOT_WRITE.
    """
    if checkpoint.source in {"package", "none"}:
        return None
    expected = checkpoint.sha256 or (locked.sha256 if locked else None)
    if checkpoint.source == "local":
        return _local(checkpoint, expected)
    address = _address(checkpoint)
    note = sha256_of(address)
    known = expected or store.note(_NOTES, note)
    if known and store.find(known):
        return store.get(known)
    refuse_offline(address)
    progress(f"fetching {address}")
    partial = store.root / "incoming" / f"checkpoint-{note[:16]}"
    with writing(partial):
        partial.mkdir(parents=True, exist_ok=True)
    with FileLock(partial.with_suffix(".lock")):
        if known and (there := store.find(known)):  # another process was faster
            return there
        file = _from_hub(checkpoint, partial) if checkpoint.source == "huggingface" else _from_url(address, partial)
        try:
            _look_at(file, address, checkpoint)
            digest = store.add(file, expected)
        except MatterzooError:
            file.unlink(missing_ok=True)  # going on from wrong bytes would give wrong bytes
            raise
        store.put_note(_NOTES, note, digest)
        shutil.rmtree(partial, ignore_errors=True)
    return store.find(digest)


def _address(checkpoint: Checkpoint) -> str:
    """Name a checkpoint's place: its URL, or repository, commit and file."""
    if checkpoint.source == "url":
        return str(checkpoint.url)
    return f"{checkpoint.repo}@{checkpoint.revision}/{checkpoint.file}"


def _local(checkpoint: Checkpoint, expected: str | None) -> Path:
    path = Path(str(checkpoint.file)).expanduser().absolute()
    if not path.exists():
        raise MatterzooError(ExitCode.INPUT_MISSING, f"the card's checkpoint is not there: {path}")
    if expected and sha256_of_file(path) != expected:
        raise MatterzooError(
            ExitCode.DIGEST_MISMATCH, f"{path} is not the file that its card names: its sha256 is another"
        )
    return path


def _from_url(url: str, folder: Path) -> Path:
    file = folder / (Path(unquote(urlsplit(url).path)).name or "checkpoint")
    download(url, file)
    return file


def _from_hub(checkpoint: Checkpoint, folder: Path) -> Path:
    """Fetch one file of one commit; the hub's own client takes up a broken download."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    address = _address(checkpoint)
    try:
        return Path(
            hf_hub_download(
                str(checkpoint.repo),
                str(checkpoint.file),
                revision=checkpoint.revision,
                local_dir=folder,
                endpoint=os.environ.get("HF_ENDPOINT"),
            )
        )
    except GatedRepoError as error:
        raise MatterzooError(
            ExitCode.GATED,
            f"{address} is gated: its licence must be accepted first",
            f"accept it on the page of {checkpoint.repo}, then: HF_TOKEN=… matterzoo fetch",
        ) from error
    except LocalEntryNotFoundError as error:
        raise MatterzooError(
            ExitCode.INPUT_MISSING, f"{address}: the hub cannot be reached", "check the network, or set HF_ENDPOINT"
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError) as error:
        raise MatterzooError(
            ExitCode.INPUT_MISSING,
            f"{address} is not there (or is private, and no token that may see it is set)",
            "check the card's repo, revision and file; for a private one: HF_TOKEN=… matterzoo fetch",
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise MatterzooError(ExitCode.INPUT_MISSING, f"{address} could not be fetched: {error}") from error


def _look_at(file: Path, address: str, checkpoint: Checkpoint) -> None:
    """Refuse what cannot be weights, whatever its hash.

    Raises
    ------
    MatterzooError
        DIGEST_MISMATCH.
    """
    with file.open("rb") as stream:
        start = stream.read(64).lstrip().lower()
    for mark, what in _NOT_WEIGHTS.items():
        if start.startswith(mark):
            raise MatterzooError(ExitCode.DIGEST_MISMATCH, f"{address} gave {what}")
    size = file.stat().st_size
    if checkpoint.size is not None and size != checkpoint.size:
        raise MatterzooError(
            ExitCode.DIGEST_MISMATCH, f"{address} gave {size} bytes where its card says {checkpoint.size}"
        )
