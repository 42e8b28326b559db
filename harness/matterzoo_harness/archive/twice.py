"""The archival build: an image built twice from the store, nothing reused, and its digest if both are the same."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import docker
from docker.errors import APIError, ImageNotFound

from matterzoo_harness.archive.differences import compare_archives
from matterzoo_harness.archive.oci import write_layout
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.images import build_model_image
from matterzoo_harness.model import Model
from matterzoo_harness.runtimes.base import Progress, quiet
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

SHOWN = 20


def archival_build(
    client: docker.DockerClient,
    model: Model,
    variant: str,
    stores: Sequence[Store],
    folder: Path,
    progress: Progress = quiet,
) -> str:
    """Build a model's image once from each store, base and environment included, and compare.

    Parameters
    ----------
    client
        A container engine.
    model, variant
        Which, and which lock.
    stores
        Where the pieces are: twice the same, or copies.
    folder
        Where the image is left, as an OCI layout; made.
    progress
        Is told what is being built.

    Returns
    -------
    digest
        Of the image's manifest (`sha256:…`).

    Raises
    ------
    MatterzooError
        `DIGEST_MISMATCH` naming every file in which two builds differ.
    """
    first = ""
    try:
        for number, store in enumerate(stores):
            layout = folder if number == 0 else folder.with_name(f"{folder.name}.again")
            digest = _build(client, model, variant, store, layout, f"-archival-{os.getpid()}-{number}", progress)
            progress(f"build {number + 1} of {len(stores)}: {digest}")
            first = first or digest
            if digest != first:
                found = [str(difference) for difference in compare_archives(folder, layout)]
                more = f"\n  … and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
                raise MatterzooError(
                    ExitCode.DIGEST_MISMATCH,
                    f"two builds of {model.id} differ:\n  " + "\n  ".join(found[:SHOWN]) + more,
                )
    finally:
        shutil.rmtree(folder.with_name(f"{folder.name}.again"), ignore_errors=True)
    return first


def _build(
    client: docker.DockerClient, model: Model, variant: str, store: Store, layout: Path, mark: str, progress: Progress
) -> str:
    """Build an image with all that is below it, write it as a layout, and leave nothing of it in the engine."""
    environment = find_environment(model.card.environment)
    shutil.rmtree(layout, ignore_errors=True)
    try:
        name = build_model_image(client, model.id, environment, variant, model.resolved_card, store, progress, mark)
        return write_layout(client, {name: [name.removesuffix(mark)]}, layout)[name]
    finally:
        for tag in _tags(client, mark):
            with suppress(ImageNotFound, APIError):
                client.images.remove(tag, force=True)


def _tags(client: docker.DockerClient, mark: str) -> list[str]:
    """List tags as the engine tells them at once: an image that goes away meanwhile cannot be asked for them."""
    return [tag for image in client.api.images() for tag in image["RepoTags"] or () if tag.endswith(mark)]
