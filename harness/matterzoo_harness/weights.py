"""Checkpoints: fetched on the host, checked, kept in the store; a token never goes further than this module."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from filelock import FileLock

from matterzoo_harness import hub
from matterzoo_harness.downloads import download
from matterzoo_harness.locations import refuse_offline
from matterzoo_harness.runtimes.base import Progress, quiet
from matterzoo_harness.store import Store, writing
from matterzoo_schemas.canonical import canonical_json, sha256_of, sha256_of_file
from matterzoo_schemas.card import Checkpoint
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.lock import LockedCheckpoint

_NOTES, _COMMITS, _FOLDERS = "checkpoints", "commits", "folders"
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
        The file, or the folder where the card names several; None where the package brings it, or nothing is to be
        loaded.

    Raises
    ------
    MatterzooError
        GATED where a licence must be accepted first, DIGEST_MISMATCH for other bytes than expected, INPUT_MISSING for
        what is not there or cannot be reached, DISK_FULL, CANNOT_WRITE.
    """
    if checkpoint.source in {"package", "none"} and not checkpoint.parts:
        return None
    expected = checkpoint.sha256 or (locked.sha256 if locked else None)
    if checkpoint.source == "local":
        return _local(checkpoint, expected)
    if checkpoint.source == "huggingface" and checkpoint.revision is None:
        checkpoint = checkpoint.model_copy(update={"revision": _commit(checkpoint, locked, store)})
    if checkpoint.files or checkpoint.parts:
        return _folder(checkpoint, expected, store, progress)
    return _file(checkpoint, expected, store, progress)


def measure_checkpoint(checkpoint: Checkpoint, path: Path | None, store: Store) -> LockedCheckpoint | None:
    """Say what `lock.json` records of a checkpoint that was fetched; nothing of one that comes with its package."""
    if path is None:
        return None
    unpinned = checkpoint.source == "huggingface" and checkpoint.revision is None
    revision = store.note(_COMMITS, sha256_of(checkpoint.repo)) if unpinned else None
    if path.is_dir():
        files = manifest_of(path.name, store) or {}
        size = sum((path / name).stat().st_size for name in files)
        return LockedCheckpoint(sha256=path.name, size=size, files=files, revision=revision)
    return LockedCheckpoint(sha256=sha256_of_file(path), size=path.stat().st_size, revision=revision)


def contents_of(checkpoint: Checkpoint, locked: LockedCheckpoint | None, store: Store) -> set[str]:
    """Name what of the store a checkpoint is made of, as far as card, lock or an earlier fetch know it."""
    commits = {
        checkpoint.revision,
        locked.revision if locked else None,
        store.note(_COMMITS, sha256_of(checkpoint.repo)),
    }
    pinned = [checkpoint.model_copy(update={"revision": commit}) for commit in commits]
    keys = {sha256_of(_address(one)) for one in pinned} | {_contents(one)[1] for one in pinned}
    known = {checkpoint.sha256, locked.sha256 if locked else None, *(store.note(_NOTES, key) for key in keys)}
    digests = {digest for digest in known if digest}
    members = [manifest_of(digest, store) or {} for digest in digests] + [locked.files if locked else {}]
    parts = {part.sha256 for part in checkpoint.parts.values() if part.sha256}
    return digests | parts | {sha256 for files in members for sha256 in files.values()}


def _commit(checkpoint: Checkpoint, locked: LockedCheckpoint | None, store: Store) -> str:
    """Choose the commit: the measured one, else the one fetched before, else the newest, which is then remembered."""
    repo = str(checkpoint.repo)
    known = (locked.revision if locked else None) or store.note(_COMMITS, sha256_of(repo))
    if known is None:
        refuse_offline(f"{repo}, of which no commit is known")
        known = hub.newest_commit(repo)
    store.put_note(_COMMITS, sha256_of(repo), known)
    return known


def _file(checkpoint: Checkpoint, expected: str | None, store: Store, progress: Progress) -> Path | None:
    """Have one file in the store."""
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
        file = _download(checkpoint, address, partial)
        try:
            _look_at(file, address, checkpoint)
            digest = store.add(file, expected)
        except MatterzooError:
            file.unlink(missing_ok=True)  # going on from wrong bytes would give wrong bytes
            raise
        store.put_note(_NOTES, note, digest)
        shutil.rmtree(partial, ignore_errors=True)
    return store.find(digest)


def _folder(checkpoint: Checkpoint, expected: str | None, store: Store, progress: Progress) -> Path:
    """Have several files in the store, and a folder of links to them, named by what it holds."""
    what, note = _contents(checkpoint)
    known = expected or store.note(_NOTES, note)
    manifest = manifest_of(known, store) if known else None
    if manifest is None:
        if not checkpoint.parts:  # of parts each names its own file, which may be there already
            refuse_offline(what)
        fetched = {name: _file(one, one.sha256, store, progress) for name, one in _members(checkpoint).items()}
        manifest = {name: sha256_of_file(path) for name, path in fetched.items() if path is not None}
    digest = sha256_of(manifest)
    if expected is not None and digest != expected:
        raise MatterzooError(
            ExitCode.DIGEST_MISMATCH,
            f"{what}: its files have the sha256 {digest} together, but {expected} was expected",
            "if the checkpoint was changed on purpose, lock it anew; otherwise do not use it",
        )
    store.put_note(_FOLDERS, digest, canonical_json(manifest).decode())
    store.put_note(_NOTES, note, digest)
    return _linked(manifest, store.root / "checkpoints-as-folders" / digest, store)


def _contents(checkpoint: Checkpoint) -> tuple[str, str]:
    """Say of a folder what it holds: for a person, and as the name under which its hash is noted."""
    if checkpoint.parts:
        addresses = {name: part.url for name, part in checkpoint.parts.items()}
        return ", ".join(addresses.values()), sha256_of(addresses)
    repo, revision = str(checkpoint.repo), str(checkpoint.revision)
    files = ", ".join(checkpoint.files)
    return f"{repo}@{revision}: {files}", sha256_of([repo, revision, sorted(checkpoint.files)])


def _members(checkpoint: Checkpoint) -> dict[str, Checkpoint]:
    """Return each file of a folder, by its name there, as a checkpoint of its own."""
    if checkpoint.parts:
        return {
            name: Checkpoint(source="url", url=part.url, sha256=part.sha256) for name, part in checkpoint.parts.items()
        }
    names = hub.matching_files(str(checkpoint.repo), str(checkpoint.revision), checkpoint.files)
    one = checkpoint.model_copy(update={"files": (), "size": None, "sha256": None})
    return {name: one.model_copy(update={"file": name}) for name in names}


def _linked(manifest: dict[str, str], folder: Path, store: Store) -> Path:
    """Lay out files of the store under their own names; each is read through before it is trusted."""
    with writing(folder):
        for name, sha256 in manifest.items():
            kept, link = store.get(sha256), folder / name
            if not link.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                with contextlib.suppress(FileExistsError):  # another process was faster
                    os.link(kept, link)
    return folder


def manifest_of(digest: str, store: Store) -> dict[str, str] | None:
    """Return the files of a folder, by name, where it was fetched before."""
    kept = store.note(_FOLDERS, digest)
    return dict(json.loads(kept)) if kept else None


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


def _download(checkpoint: Checkpoint, address: str, folder: Path) -> Path:
    if checkpoint.source == "huggingface":
        return hub.download_file(str(checkpoint.repo), str(checkpoint.revision), str(checkpoint.file), folder)
    return _from_url(address, folder)


def _from_url(url: str, folder: Path) -> Path:
    file = folder / (Path(unquote(urlsplit(url).path)).name or "checkpoint")
    download(url, file)
    return file


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
