"""Images: of an environment (base + lock), and from it the thin one of each model (adapter + card). Built offline."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker
from docker.errors import BuildError, DockerException

from matterzoo_harness.bases.choice import base_pin, choose_base, ensure_base_image
from matterzoo_harness.build_turns import turn
from matterzoo_harness.engine import find_image
from matterzoo_harness.environments.folder import EnvironmentFolder
from matterzoo_harness.environments.sealed import build_sources, tool_pins
from matterzoo_harness.environments.wheels import require_wheels, requirements_of
from matterzoo_harness.installing import RECIPE, commit_installed, lay_out, not_built
from matterzoo_harness.locations import packaged_containers
from matterzoo_harness.packing import packed
from matterzoo_harness.runtimes.base import Progress, quiet
from matterzoo_harness.store import Store
from matterzoo_harness.worker_sources import source_files, sources_sha256
from matterzoo_schemas.canonical import canonical_json, sha256_of, sha256_of_file
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

KEY_LABEL = "matterzoo.recipe-key"


def environment_key(folder: EnvironmentFolder, variant: str, store: Store) -> str:
    """Give the recipe key of an environment image: what it is made of, and not what a builder made of it.

    Raises
    ------
    MatterzooError
        INPUT_MISSING if the base was not fetched yet.
    """
    environment = folder.environment
    return sha256_of(
        {
            "base": base_pin(choose_base(environment.python, store), environment.python, environment.debian, store),
            "lock": folder.lock_sha256(variant),
            "tools": sha256_of_file(packaged_containers() / "base" / "tools.lock"),
            "recipe": sha256_of_file(recipe_of(folder)),
        }
    )


def model_key(folder: EnvironmentFolder, variant: str, card: Mapping[str, Any], store: Store) -> str:
    """Give the recipe key of a model image: its environment's, the adapter, the card, and how they are put together."""
    return sha256_of(
        {
            "environment": environment_key(folder, variant, store),
            "adapter": sources_sha256(card["adapter"]),
            "card": sha256_of(dict(card)),
            "recipe": sha256_of_file(_model_recipe()),
        }
    )


def model_image(model_id: str, folder: EnvironmentFolder, variant: str, card: Mapping[str, Any], store: Store) -> str:
    """Name a model's image: `matterzoo/<model-id>:<variant>-<recipe key>`."""
    return f"matterzoo/{model_id}:{variant}-{model_key(folder, variant, card, store)[:12]}"


def build_model_image(
    client: docker.DockerClient,
    model_id: str,
    folder: EnvironmentFolder,
    variant: str,
    card: Mapping[str, Any],
    store: Store,
    progress: Progress = quiet,
    anew: str = "",
) -> str:
    """Build a model's image from the store, without network, unless one of the same recipe key is there.

    Parameters
    ----------
    client
        A container engine.
    model_id
        The card's id.
    folder, variant
        The environment and its lock.
    card
        The resolved card as JSON-able data.
    store
        Holds wheels and base.
    progress
        Is told what is being built.
    anew
        If given, everything is built whatever is there, base included, under names that end in this.

    Returns
    -------
    str
        The image's name.

    Raises
    ------
    MatterzooError
        INPUT_MISSING naming what was not fetched; BAD_CARD with the builder's words.
    """
    key = model_key(folder, variant, card, store)
    name = f"matterzoo/{model_id}:{variant}-{key[:12]}{anew}"
    if not anew and _is_there(client, name, key):
        return name
    environment = build_environment_image(client, folder, variant, store, progress, anew)
    progress(f"building {name}")
    labels = {
        KEY_LABEL: key,
        "matterzoo.model": model_id,
        "matterzoo.environment": folder.name,
        "matterzoo.variant": variant,
    }
    content: dict[str, Path | bytes] = {f"sources/{path}": file for path, file in source_files(card["adapter"]).items()}
    content |= {"Containerfile": _model_recipe(), "card.json": canonical_json(dict(card))}
    _build(client, content, name, {"ENVIRONMENT": environment}, labels, anew=bool(anew))
    if not anew:
        client.images.get(name).tag(f"matterzoo/{model_id}", tag=variant)
    return name


def build_environment_image(
    client: docker.DockerClient,
    folder: EnvironmentFolder,
    variant: str,
    store: Store,
    progress: Progress = quiet,
    anew: str = "",
) -> str:
    """Build an environment's image from the store, without network, unless it is there; see `build_model_image`."""
    key = environment_key(folder, variant, store)
    name = f"matterzoo/environment:{folder.name}-{variant}-{key[:12]}{anew}"
    if not anew and _is_there(client, name, key):
        return name
    with turn(name, progress):
        if anew or not _is_there(client, name, key):
            base, content = _context(client, folder, variant, store, progress, anew)
            progress(f"building {name}: {len(folder.pins(variant))} packages on {base}")
            labels = {KEY_LABEL: key, "matterzoo.environment": folder.name, "matterzoo.variant": variant}
            with store.scratch() as given:
                lay_out(content, given)
                commit_installed(client, base, given, name, labels)
    return name


def _context(
    client: docker.DockerClient, folder: EnvironmentFolder, variant: str, store: Store, progress: Progress, anew: str
) -> tuple[str, dict[str, Path | bytes]]:
    """Have ready what an environment is built of: the base's name, and the files."""
    environment, pins = folder.environment, folder.pins(variant)
    python, hint = environment.python, f"matterzoo fetch {folder.name}"
    build_sources(pins, python, environment.source_only, store, progress)
    wheels = require_wheels(pins, python, store, hint)
    uv_wheel = require_wheels([pin for pin in tool_pins() if pin.name == "uv"], python, store, hint)
    base = ensure_base_image(client, choose_base(python, store), python, environment.debian, store, progress, anew)
    content: dict[str, Path | bytes] = {
        f"wheels/{wheel.path.name}": store.get(wheel.sha256) for wheel in [*wheels, *uv_wheel]
    }
    content |= {RECIPE: recipe_of(folder).read_bytes(), "requirements.txt": requirements_of(wheels).encode()}
    return base, content


def recipe_of(folder: EnvironmentFolder) -> Path:
    """Give the recipe of an environment: its own, where it brings one, or the one that serves all."""
    own = folder.path / RECIPE
    return own if own.is_file() else packaged_containers() / RECIPE


def _model_recipe() -> Path:
    return packaged_containers() / "Containerfile"


def _is_there(client: docker.DockerClient, name: str, key: str) -> bool:
    image = find_image(client, name)
    return image is not None and image.labels.get(KEY_LABEL) == key


def _build(
    client: docker.DockerClient,
    content: Mapping[str, Path | bytes],
    name: str,
    arguments: Mapping[str, str],
    labels: Mapping[str, str],
    *,
    anew: bool,
) -> None:
    """Run the classic builder on a context that is streamed to it: nothing is packed on disk first."""
    try:
        with packed(content) as context:
            client.images.build(
                fileobj=context,
                custom_context=True,
                dockerfile="Containerfile",
                tag=name,
                buildargs=dict(arguments),
                labels=dict(labels),
                network_mode="none",
                nocache=anew,
                rm=True,
                forcerm=True,
            )
    except BuildError as error:
        words = "".join(str(line.get("stream", "")) for line in error.build_log if isinstance(line, dict))
        raise MatterzooError(ExitCode.BAD_CARD, f"{name} cannot be built: {error.msg}\n{words[-3000:]}") from error
    except DockerException as error:
        raise not_built(name, str(error)) from error
