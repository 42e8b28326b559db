"""Fetch a data set's files: resumed where they broke off, checked, their measured hashes kept."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import FileLock

from matterzoo_harness.datasets.card import DataFile, DatasetCard
from matterzoo_harness.downloads import download
from matterzoo_harness.locations import cache, home, refuse_offline
from matterzoo_schemas.canonical import canonical_json, sha256_of_file
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

RECORD = "fetched.json"


def folder_of(card: DatasetCard) -> Path:
    """Give the folder of what was fetched: kept, like weights."""
    return home() / "datasets" / card.id


def unpacked_folder(card: DatasetCard) -> Path:
    """Give the folder of what can be made again from what was fetched."""
    return cache() / "datasets" / card.id


def fetch_file(card: DatasetCard, file: DataFile) -> Path:
    """Have one file of a data set, fetched now if it is not there.

    A hash that the card does not state is measured at the first fetch and kept in `fetched.json`; whatever comes later
    from the same address must be the same.

    Raises
    ------
    MatterzooError
        `GATED` with what to do; `INPUT_MISSING` if it cannot be reached; `DIGEST_MISMATCH` if it is something else
        than it was, or than the card says; it is then removed.
    """
    folder = folder_of(card)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / _name(file.url)
    with FileLock(folder / f".{target.name}.lock"):
        if target.is_file():
            return target
        refuse_offline(file.url)
        part = folder / f"{target.name}.part"
        token = os.environ.get("HF_TOKEN") if card.gated else None
        download(file.url, part, headers={"Authorization": f"Bearer {token}"} if token else None)
        _check(card, file, part)
        part.replace(target)
    return target


def _name(url: str) -> str:
    return PurePosixPath(url.partition("?")[0]).name


def _check(card: DatasetCard, file: DataFile, part: Path) -> None:
    """Compare with what is known of the file, and remember what it is."""
    with FileLock(folder_of(card) / ".fetched.lock"):
        seen = _seen(card)
        digest, size = sha256_of_file(part), part.stat().st_size
        wanted = file.sha256 or seen.get(file.url, {}).get("sha256")
        if size == 0 or (wanted and digest != wanted) or (file.size and size != file.size):
            part.unlink()
            said = f"sha256 {wanted}" if wanted else f"{file.size} bytes" if file.size else "something"
            raise MatterzooError(
                ExitCode.DIGEST_MISMATCH,
                f"{file.url} has sha256 {digest} and {size} bytes, but {said} was expected",
                "try again; if its publisher changed it on purpose, change the data set's card",
            )
        _remember(card, {**seen, file.url: {"sha256": digest, "size": size}})


def _seen(card: DatasetCard) -> dict[str, Any]:
    """Return what was measured of every file that was fetched, by its address."""
    record = folder_of(card) / RECORD
    return dict(json.loads(record.read_bytes())) if record.is_file() else {}


def _remember(card: DatasetCard, seen: Mapping[str, Any]) -> None:
    (folder_of(card) / RECORD).write_bytes(canonical_json(seen) + b"\n")


def measured(card: DatasetCard) -> dict[str, str]:
    """Return the sha256 of every file of a data set by its address: as its publisher states it, else as measured."""
    seen = _seen(card)
    known = {file.url: file.sha256 or seen.get(file.url, {}).get("sha256") for file in card.files}
    return {url: sha256 for url, sha256 in known.items() if sha256}


def discarded(card: DatasetCard, file: Path, why: str) -> MatterzooError:
    """Remove a file that is not what it should be, and the hash that was measured of it: the next try starts anew.

    A server that sent the wrong bytes at the first fetch would otherwise have its hash kept, against the right ones.
    """
    with FileLock(folder_of(card) / ".fetched.lock"):
        file.unlink(missing_ok=True)
        _remember(card, {url: what for url, what in _seen(card).items() if _name(url) != file.name})
    return MatterzooError(
        ExitCode.BAD_INPUT, f"{file} {why}; it was removed", "the same command fetches it anew; if that is no better, "
        "its publisher's file is broken or is another one than the data set's card says",
    )  # fmt: skip


def unpack(card: DatasetCard, archive: Path) -> Path:
    """Unpack a tar archive once; regular files only, and nothing outside of its folder.

    Returns
    -------
    folder
        Of this archive's files.

    Raises
    ------
    MatterzooError
        `BAD_INPUT` if it is no whole archive; it is then removed.
    """
    target = unpacked_folder(card) / archive.name.partition(".")[0]
    unpacked_folder(card).mkdir(parents=True, exist_ok=True)
    with FileLock(unpacked_folder(card) / f".{target.name}.lock"):
        if target.is_dir():
            return target
        scratch = target.with_name(f".{target.name}.part")
        shutil.rmtree(scratch, ignore_errors=True)
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(scratch, filter="data")
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            shutil.rmtree(scratch, ignore_errors=True)
            raise discarded(card, archive, f"cannot be unpacked: {error}") from error
        scratch.replace(target)
    return target
