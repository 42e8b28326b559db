"""Make an archive: collect, build the image, write the documents, then everything as one folder or tar."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import files as distribution_files
from importlib.metadata import version
from pathlib import Path
from typing import Any

import docker

from matterzoo_harness.archive import oci
from matterzoo_harness.archive.collect import Collected, Weights, collect
from matterzoo_harness.archive.readme import readme
from matterzoo_harness.archive.sbom import bill_of_materials
from matterzoo_harness.archive.sharing import refuse_sharing
from matterzoo_harness.archive.writing import Tick, silent, write_archive
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.images import build_model_image, model_key
from matterzoo_harness.locations import packaged_containers
from matterzoo_harness.model import Model
from matterzoo_harness.runtimes.base import Progress, quiet
from matterzoo_harness.store import Store
from matterzoo_schemas.card import ModelCard
from matterzoo_schemas.environment import Environment
from matterzoo_schemas.lock import ModelLock


@dataclass(frozen=True)
class Made:
    """An archive that was written.

    Parameters
    ----------
    path
        Where.
    identity
        SHA-256 of its `sha256sums`: it names every byte.
    manifest
        What is in it.
    """

    path: Path
    identity: str
    manifest: dict[str, Any]


def make_archive(
    models: Sequence[tuple[Model, str]],
    target: Path,
    *,
    client: docker.DockerClient | None = None,
    weights: Weights = "auto",
    share: bool = False,
    documents: Callable[[Collected], dict[str, bytes]] = lambda _: {},
    progress: Progress = quiet,
    tick: Tick = silent,
) -> Made:
    """Archive models.

    Parameters
    ----------
    models
        Each with the lock variant that is archived.
    target
        A folder to be made, or a file whose name ends in `.tar`.
    client
        The engine that builds images; without one no image is put in, and the pieces are.
    weights
        Which checkpoints go in.
    share
        Refuse what may not be passed on.
    documents
        Gives further files, such as the citations.
    progress, tick
        Told what is being done, and how far it is.

    Raises
    ------
    MatterzooError
        `GATED` for what may not be shared, `BAD_CARD` for what is not pinned, `CANNOT_WRITE`, `DISK_FULL`, and what
        fetching and building raise.
    """
    store, chosen = Store(), [model for model, _ in models]
    if share:  # before anything is fetched: what the cards know; their packages speak below
        refuse_sharing(chosen, (), with_weights=weights != "none")
    with store.scratch() as scratch:
        found = collect(models, weights, store, scratch, progress)
        packages = [facts for facts, _ in found.wheels]
        if share:
            refuse_sharing(chosen, packages, with_weights=weights != "none")
        contents = found.contents
        tags, base_layer = _add_images(models, found, client, scratch / "image", store, progress)
        contents.add("sbom.cdx.json", bill_of_materials(chosen, found.wheels, found.debs))
        contents.add("README.md", readme(chosen, found, tags, base_layer).encode())
        for name, kind in (("card", ModelCard), ("environment", Environment), ("lock", ModelLock)):
            text = json.dumps(kind.model_json_schema(), indent=2, sort_keys=True) + "\n"
            contents.add(f"schemas/{name}.schema.json", text.encode())
        if own := _own_licence():
            contents.add("licences/matterzoo/LICENSE", own)
        for path, content in documents(found).items():
            contents.add(path, content)
        about = {
            "matterzoo": version("matterzoo"), "models": found.models, "environments": found.environments,
        }  # fmt: skip
        manifest = contents.manifest(about)
        contents.add("manifest.json", (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode())
        return Made(target, write_archive(contents.files, target, tick), manifest)


def _add_images(
    models: Sequence[tuple[Model, str]],
    found: Collected,
    client: docker.DockerClient | None,
    folder: Path,
    store: Store,
    progress: Progress,
) -> tuple[dict[str, str], str | None]:
    """Add the models' images as one OCI layout; return their names and the path of the base's layer."""
    if client is None:
        for model, variant in models:
            environment = find_environment(model.card.environment)
            found.models[model.id]["recipe_key"] = model_key(environment, variant, model.resolved_card, store)
        return {}, None
    images, tags = {}, {}
    for model, variant in models:
        environment = find_environment(model.card.environment)
        name = build_model_image(client, model.id, environment, variant, model.resolved_card, store, progress)
        tags[model.id] = f"matterzoo/{model.id}:{variant}"
        images[name] = [name, tags[model.id]]
        found.models[model.id] |= {
            "recipe_key": model_key(environment, variant, model.resolved_card, store), "image": name,
        }  # fmt: skip
    progress("writing the images as an OCI layout")
    digests = oci.write_layout(client, images, folder)
    for facts in found.models.values():
        facts["image_digest"] = digests[facts["image"]]
    found.contents.add_folder("image", folder)
    lowest = json.loads((folder / "manifest.json").read_bytes())[0]["Layers"][0]
    return tags, f"image/{lowest}"


def _own_licence() -> Path | None:
    """Find our own licence: of the checkout, or of the installed wheel."""
    checkout = packaged_containers().parent / "LICENSE"
    if checkout.is_file():
        return checkout
    listed = [file for file in distribution_files("matterzoo") or () if file.name == "LICENSE"]
    return Path(str(listed[0].locate())) if listed else None
