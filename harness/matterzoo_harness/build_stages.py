"""What the stages of a build leave in the engine: images without a name that hold every wheel once more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import docker
from docker.errors import APIError

_STAGE = re.compile(r"^Step \d+/\d+ : FROM .*$", re.MULTILINE)
_IMAGE = re.compile(r"^ ---> ([0-9a-f]{12,64})$", re.MULTILINE)
_LABEL = "matterzoo.stage=builder"
_LONG_DEAD = "24h"
"""No build takes that long: what is older was left by one that was killed."""


def text_of(log: Iterable[Any]) -> str:
    """Join the builder's own words."""
    return "".join(str(line.get("stream", "")) for line in log if isinstance(line, Mapping))


def left_by(log: str, *, failed: bool = False) -> list[str]:
    """Name the image that each stage ended with, as a build's log says; the last one's only of a build that failed."""
    stages = [_IMAGE.findall(stage)[1:] for stage in _STAGE.split(log)[1:]]  # the first is what the stage stands on
    return [images[-1] for images in (stages if failed else stages[:-1]) if images]


def remove_stages(client: docker.DockerClient, log: str, *, failed: bool = False) -> None:
    """Remove what a build's own stages left, and what killed builds left; no other build that runs is touched."""
    for image in left_by(log, failed=failed):
        with suppress(APIError):  # of several builds of one recipe, another one uses it
            client.images.remove(image)
    try:
        client.images.prune(filters={"dangling": True, "label": _LABEL, "until": _LONG_DEAD})
    except APIError as error:
        if error.status_code != HTTPStatus.CONFLICT:  # another process is pruning at this moment
            raise
