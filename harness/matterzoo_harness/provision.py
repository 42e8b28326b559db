"""Have what a model needs before it runs: its environment's packages, its base image, its checkpoint."""

from __future__ import annotations

from pathlib import Path

from matterzoo_harness.environments.folder import EnvironmentFolder, find_environment
from matterzoo_harness.environments.sealed import fetch_tools
from matterzoo_harness.environments.wheels import fetch_wheels
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
