"""The Hugging Face hub: which commit, which files, and their bytes; its answers become our errors."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


def newest_commit(repo: str) -> str:
    """Ask which commit a repository's main branch is at.

    Raises
    ------
    MatterzooError
        GATED, or INPUT_MISSING where the repository or the hub cannot be reached.
    """
    from huggingface_hub import HfApi

    with _told(repo, repo):
        commit: str | None = HfApi(endpoint=_endpoint()).repo_info(repo).sha
    if commit is None:
        raise MatterzooError(ExitCode.INPUT_MISSING, f"{repo}: the hub names no commit of it")
    return commit


def matching_files(repo: str, revision: str, patterns: Sequence[str]) -> list[str]:
    """List the files of a commit that match any pattern, sorted.

    Raises
    ------
    MatterzooError
        As `newest_commit`; INPUT_MISSING too if a pattern matches nothing.
    """
    from huggingface_hub import HfApi

    with _told(repo, f"{repo}@{revision}"):
        siblings = HfApi(endpoint=_endpoint()).repo_info(repo, revision=revision).siblings or []
    there = [sibling.rfilename for sibling in siblings]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in there):
            raise MatterzooError(
                ExitCode.INPUT_MISSING,
                f"{repo}@{revision} has no file {pattern}; it has: {', '.join(sorted(there))}",
                "correct the card's files",
            )
    return sorted(name for name in there if any(fnmatchcase(name, pattern) for pattern in patterns))


def download_file(repo: str, revision: str, file: str, folder: Path) -> Path:
    """Fetch one file of one commit below a folder; a broken download is taken up by the hub's own client.

    Raises
    ------
    MatterzooError
        As `newest_commit`.
    """
    from huggingface_hub import hf_hub_download

    with _told(repo, f"{repo}@{revision}/{file}"):
        return Path(hf_hub_download(repo, file, revision=revision, local_dir=folder, endpoint=_endpoint()))


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT")


@contextmanager
def _told(repo: str, address: str) -> Iterator[None]:
    """Turn the client's exceptions into ours, which say what to do."""
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except GatedRepoError as error:
        raise MatterzooError(
            ExitCode.GATED,
            f"{address} is gated: its licence must be accepted first",
            f"accept it on the page of {repo}, then: HF_TOKEN=… matterzoo fetch",
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
    except MatterzooError:
        raise
    except Exception as error:
        if isinstance(error, (HfHubHTTPError, OSError)) or type(error).__module__.partition(".")[0] in _TRANSPORTS:
            raise MatterzooError(ExitCode.INPUT_MISSING, f"{address} could not be fetched: {error}") from error
        raise


_TRANSPORTS = ("httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3")
"""Libraries that the hub's client speaks through; what they raise is the network's fault."""
