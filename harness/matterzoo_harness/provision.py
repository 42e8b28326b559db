"""Have what a model needs before it runs: its environment's packages, its base image, its checkpoint."""

from __future__ import annotations

from pathlib import Path

from matterzoo_harness.environments.folder import EnvironmentFolder, find_environment
from matterzoo_harness.environments.sealed import fetch_tools, tool_pins
from matterzoo_harness.environments.wheels import built_note, fetch_wheels
from matterzoo_harness.model import Model
from matterzoo_harness.runtimes.base import Progress, quiet
from matterzoo_harness.store import Store
from matterzoo_harness.weights import fetch_checkpoint


def fetch_environment(folder: EnvironmentFolder, variant: str, store: Store, progress: Progress = quiet) -> None:
    """Put every package of a lock into the store; what is there already is not fetched again.

    Raises
    ------
    MatterzooError
        As `fetch_wheels`: the network is out of reach, or a file is not the locked one.
    """
    environment = folder.environment
    fetch_tools(environment.python, store, progress)
    fetch_wheels(folder.pins(variant), environment.python, environment.source_only, store, progress)


def fetch_model(model: Model, variant: str, store: Store, progress: Progress = quiet) -> Path | None:
    """Put a model's packages and checkpoint into the store.

    Returns
    -------
    weights
        The checkpoint's file or folder; None where the package carries it or there is none.
    """
    fetch_environment(find_environment(model.card.environment), variant, store, progress)
    return fetch_checkpoint(model.card.checkpoint, model.lock.checkpoint, store, progress=progress)


def environment_contents(folder: EnvironmentFolder, variant: str, store: Store) -> set[str]:
    """Name what of the store an environment is made of: any file of each pin, wheels built of sources, the tools."""
    pins, python = folder.pins(variant), folder.environment.python
    notes = (built_note(pin, sha256, python, store) for pin in pins for sha256 in pin.sha256s)
    built = (store.note("built", note) for note in notes if note)
    listed = {sha256 for pin in [*pins, *tool_pins()] for sha256 in pin.sha256s}
    return listed | {sha256 for sha256 in built if sha256}
