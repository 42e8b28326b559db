"""The container engine of this machine."""

from __future__ import annotations

import docker
from docker.errors import DockerException, ImageNotFound
from docker.models.images import Image

from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

BUILD_SECONDS = 3600
"""An engine may be silent for this long: it answers while it unpacks several GB."""


def connect() -> docker.DockerClient:
    """Give a client of the engine that answers.

    Raises
    ------
    MatterzooError
        NO_ENGINE if none does.
    """
    try:
        client = docker.from_env(timeout=BUILD_SECONDS)
        client.ping()
        return client
    except DockerException as error:
        raise MatterzooError(
            ExitCode.NO_ENGINE, f"no container engine answers: {error}", "start Docker, or use --runtime venv"
        ) from error


def find_image(client: docker.DockerClient, name: str) -> Image | None:
    """Give the image of that name, or None if the engine has none."""
    try:
        return client.images.get(name)
    except ImageNotFound:
        return None
