"""What is in use: every byte that a lock, a card or a restored archive of this machine asks for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from matterzoo_harness import locations
from matterzoo_harness.bases.choice import base_contents
from matterzoo_harness.bases.debian import SUITES
from matterzoo_harness.environments.folder import (
    EnvironmentFolder,
    environment_names,
    find_environment,
    read_environment,
)
from matterzoo_harness.model import Model
from matterzoo_harness.provision import environment_contents
from matterzoo_harness.runtimes.venv import environment_path
from matterzoo_harness.store import Store
from matterzoo_harness.weights import contents_of


@dataclass(frozen=True)
class Needs:
    """What is in use.

    Parameters
    ----------
    contents
        SHA-256 of files of the store.
    environments
        Folders of virtual environments.
    """

    contents: frozenset[str]
    environments: frozenset[Path]


def needs(models: Iterable[Model], store: Store) -> Needs:
    """Find everything that is in use.

    Parameters
    ----------
    models
        Every model of every zoo.
    store
        Its notes say which wheel was built of which source.

    Raises
    ------
    MatterzooError
        `BAD_CARD` if an environment cannot be read: what it needs is then not known.
    """
    contents: set[str] = set()
    folders = [*(find_environment(name) for name in environment_names()), *_restored()]
    declared = [(folder, variant) for folder in folders for variant in folder.environment.variants]
    locks = [(folder, variant) for folder, variant in declared if (folder.path / f"{variant}.lock").is_file()]
    for folder, variant in locks:
        contents |= environment_contents(folder, variant, store)
    for python in SUITES:
        contents |= base_contents(python, store)
    for model in models:
        contents |= contents_of(model.card.checkpoint, model.lock.checkpoint, store)
    contents |= _of_archives()
    return Needs(frozenset(contents), frozenset(environment_path(folder, variant) for folder, variant in locks))


def archives() -> list[Path]:
    """List the folders of restored archives."""
    return sorted(path.parent for path in (locations.home() / "archives").glob("*/manifest.json"))


def _of_archives() -> set[str]:
    """Name what restored archives brought into the store."""
    found = set()
    for folder in archives():
        kept = set(json.loads((folder / "manifest.json").read_bytes())["kept"])
        lines = (folder / "sha256sums").read_text("utf-8").splitlines()
        found |= {digest for digest, _, path in (line.partition("  ") for line in lines) if path in kept}
    return found


def _restored() -> list[EnvironmentFolder]:
    files = [file for folder in archives() for file in folder.glob("containers/*/environment.toml")]
    return [read_environment(file.parent) for file in files]
