"""What every runtime asks for before it prepares anything: a lock, and a GPU that can use it where one is wanted."""

from __future__ import annotations

from matterzoo_harness.environments.folder import EnvironmentFolder, find_environment
from matterzoo_harness.runtimes.base import WorkerSpec
from matterzoo_harness.runtimes.gpu import require_gpu


def usable_environment(spec: WorkerSpec) -> EnvironmentFolder:
    """Find the environment of a worker.

    Parameters
    ----------
    spec
        The worker.

    Raises
    ------
    MatterzooError
        BAD_CARD if it has no such lock; GPU_UNUSABLE if this machine does not meet what the lock needs.
    """
    folder = find_environment(spec.environment)
    folder.lock(spec.variant)
    if spec.device_kind == "cuda":
        require_gpu(spec.device, folder.name, spec.variant, folder.environment.variants[spec.variant])  # type: ignore[index]
    return folder
