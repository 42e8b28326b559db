"""A base image from a registry: Python's official slim image, by digest once it was fetched."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import docker
from docker.errors import APIError, DockerException, ImageNotFound

from matterzoo_harness.bases.debian import SUITES
from matterzoo_harness.locations import refuse_offline
from matterzoo_harness.runtimes.base import Progress, quiet
from matterzoo_harness.store import Store, writing
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

DOCKER_HUB = "docker.io/library"
PROBE_SECONDS = 3.0
_NOTES = "registry-bases"


def image_name(python: str) -> str:
    """Name the image of a Python minor, at `MATTERZOO_REGISTRY` (Docker Hub by default).

    Raises
    ------
    MatterzooError
        BAD_CARD if no Debian release of ours goes with that Python.
    """
    if python not in SUITES:
        raise MatterzooError(ExitCode.BAD_CARD, f"there is no base for Python {python}; there are {', '.join(SUITES)}")
    root = os.environ.get("MATTERZOO_REGISTRY", DOCKER_HUB).rstrip("/")
    return f"{root}/python:{python}-slim-{SUITES[python]}"


def answers() -> bool:
    """Tell within seconds whether the registry can be reached at all."""
    host = urlsplit(f"//{image_name('3.11')}").netloc
    url = "https://registry-1.docker.io/v2/" if host == "docker.io" else f"{_scheme(host)}://{host}/v2/"
    try:
        with urlopen(Request(url), timeout=PROBE_SECONDS):  # noqa: S310 - https, or the user's own host
            return True
    except HTTPError as error:
        return error.code == 401  # asks for a token: it is there
    except OSError:
        return False


def fetched_digest(python: str, store: Store) -> str | None:
    """Give the digest that was recorded when the image was fetched; None if it never was."""
    facts = _facts(python, store)
    return facts["digest"] if facts else None


def contents(python: str, store: Store) -> set[str]:
    """Name what of the store a fetched image is: nothing, if it never was."""
    facts = _facts(python, store)
    return {facts["archive"]} if facts else set()


def fetch_image(client: docker.DockerClient, python: str, store: Store, progress: Progress = quiet) -> str:
    """Pull the image, record its digest, and keep its archive in the store.

    Parameters
    ----------
    client
        A container engine.
    python
        Python minor.
    store
        Where the archive goes.
    progress
        Is told what is being done.

    Returns
    -------
    str
        The digest (`sha256:…`).

    Raises
    ------
    MatterzooError
        INPUT_MISSING with the registry's words.
    """
    known = fetched_digest(python, store)
    if known:
        return known
    name = image_name(python)
    refuse_offline(name)
    progress(f"pulling {name}")
    repository, _, tag = name.rpartition(":")
    try:
        image = client.images.pull(repository, tag=tag, platform="linux/amd64")
    except (APIError, ImageNotFound) as error:
        raise MatterzooError(
            ExitCode.INPUT_MISSING, f"{name} cannot be pulled: {error.explanation}", "MATTERZOO_BASE=debootstrap"
        ) from error
    digest = str(image.attrs["RepoDigests"][0]).partition("@")[2]
    with store.scratch() as folder:
        archive = folder / f"python-{python}-{digest.removeprefix('sha256:')[:12]}.tar"
        with writing(archive), archive.open("wb") as stream:
            for chunk in image.save(named=False):
                stream.write(chunk)
        sha256 = store.add(archive)
    facts = {"digest": digest, "archive": sha256, "image": str(image.id), "name": name}
    store.put_note(_NOTES, python, json.dumps(facts, sort_keys=True))
    return digest


def load_image(client: docker.DockerClient, python: str, store: Store) -> str:
    """Give the engine the fetched image, from the store if need be, and its id.

    Raises
    ------
    MatterzooError
        INPUT_MISSING if it was never fetched.
    """
    facts = _facts(python, store)
    if facts is None:
        raise MatterzooError(ExitCode.INPUT_MISSING, f"{image_name(python)} was not fetched", "matterzoo fetch")
    with suppress(ImageNotFound):
        return str(client.images.get(facts["image"]).id)
    try:
        with store.get(facts["archive"]).open("rb") as archive:
            return str(client.images.load(archive)[0].id)
    except DockerException as error:
        raise MatterzooError(ExitCode.BAD_CARD, f"the engine refuses the kept {facts['name']}: {error}") from error


def _facts(python: str, store: Store) -> dict[str, str] | None:
    note = store.note(_NOTES, python)
    return dict(json.loads(note)) if note else None


def _scheme(host: str) -> str:
    """Docker speaks plain http with registries on this machine only."""
    return "http" if host.split(":", maxsplit=1)[0] in {"127.0.0.1", "localhost"} else "https"
