"""The embedded runtime: a virtual environment made offline from the lock's stored wheels.

It isolates dependencies, not code: the worker runs as the caller, with the caller's network and files. So a pickled
checkpoint is only loaded here if its content is pinned.
"""

from __future__ import annotations

import os
import resource
import shlex
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from filelock import FileLock

from matterzoo_harness import locations
from matterzoo_harness.environments.folder import EnvironmentFolder, find_environment
from matterzoo_harness.environments.interpreters import find_python
from matterzoo_harness.environments.sealed import build_sources
from matterzoo_harness.environments.venvs import create_venv
from matterzoo_harness.environments.wheels import require_wheels
from matterzoo_harness.runtimes.base import Progress, WorkerSpec, quiet
from matterzoo_harness.runtimes.needs import usable_environment
from matterzoo_harness.runtimes.process_tree import resident_bytes
from matterzoo_harness.runtimes.variables import worker_variables
from matterzoo_harness.store import Store
from matterzoo_harness.worker_sources import staged_sources
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

COMPLETE = ".matterzoo-complete"


class VenvRuntime:
    """Workers as plain processes of isolated virtual environments."""

    name = "venv"

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or Store()

    def available(self) -> str | None:
        """Say why this runtime cannot be used; it always can."""
        return None

    def prepare(self, spec: WorkerSpec, progress: Progress = quiet) -> None:
        """Create the virtual environment, if it is not there yet; see `Runtime.prepare`."""
        folder = usable_environment(spec)
        refuse_unpinned_pickle(spec)
        staged_sources()
        create_environment(folder, spec.variant, self.store, progress)

    def command(self, spec: WorkerSpec) -> list[str]:
        """Give the command line, environment included."""
        home = str(Path(tempfile.gettempdir()) / "matterzoo-worker")
        assignments = [f"{name}={value}" for name, value in _variables(spec, home).items()]
        return ["env", "-i", "-C", "/", *assignments, *_python(spec)]

    def start(self, spec: WorkerSpec) -> VenvProcess:
        """Start the worker; see `Runtime.start`."""
        return VenvProcess(spec)


class VenvProcess:
    """A worker that is a child process, in a process group of its own."""

    def __init__(self, spec: WorkerSpec) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="matterzoo-worker-"))
        with spec.log.open("ab") as log:
            self._process = subprocess.Popen(
                _python(spec),
                env=_variables(spec, str(self._home)),
                cwd=self._home,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        if spec.memory_bytes is not None and spec.device_kind == "cpu":
            # Private memory, not address space: torch reserves far more of the latter than it ever uses.
            resource.prlimit(self._process.pid, resource.RLIMIT_DATA, (spec.memory_bytes, spec.memory_bytes))
        resource.prlimit(self._process.pid, resource.RLIMIT_CORE, (0, 0))  # a crash leaves a record, not gigabytes
        self.stdin = cast("BinaryIO", self._process.stdin)
        self.stdout = cast("BinaryIO", self._process.stdout)

    @property
    def pid(self) -> int:
        """The process id on the host."""
        return self._process.pid

    def map_path(self, host_path: Path) -> str:
        """Give the worker's name of a host path: the same one."""
        return str(host_path.absolute())

    def memory(self) -> int:
        """Resident bytes of the worker and what it started."""
        return resident_bytes(self._process.pid)

    def kill(self) -> None:
        """End the worker and all that it started."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; see `WorkerProcess.wait`."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"the worker still runs after {timeout} s") from error
        shutil.rmtree(self._home, ignore_errors=True)
        return code


def create_environment(folder: EnvironmentFolder, variant: str, store: Store, progress: Progress = quiet) -> Path:
    """Create the virtual environment of a lock from the store, or find it made.

    Returns
    -------
    Path
        Its folder, below `MATTERZOO_CACHE`.

    Raises
    ------
    MatterzooError
        INPUT_MISSING naming the packages that the store lacks.
    """
    target = environment_path(folder, variant)
    if (target / COMPLETE).exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_name(f"{target.name}.lock")):
        if (target / COMPLETE).exists():
            return target
        if target.exists():
            shutil.rmtree(target)  # what an interrupted start left
        environment = folder.environment
        pins = folder.pins(variant)
        build_sources(pins, environment.python, environment.source_only, store, progress)
        hint = f"matterzoo fetch {folder.name}"
        wheels = require_wheels(pins, environment.python, store, hint)
        progress(f"creating the {variant} environment of {folder.name}: {len(wheels)} packages")
        for wheel in wheels:
            store.get(wheel.sha256)
        create_venv(target, find_python(environment.python), wheels)
        (target / COMPLETE).touch()
    return target


def environment_path(folder: EnvironmentFolder, variant: str) -> Path:
    """Say where the virtual environment of a lock lies: another lock, another folder."""
    key = f"{folder.name}-{variant}-py{folder.environment.python}-{folder.lock_sha256(variant)[:16]}"
    return locations.cache() / "environments" / key


SENTENCEPIECE = {"spiece.model", "tokenizer.model", "sentencepiece.bpe.model"}
"""Tokenizers that are protocol buffers, under the names that the hub's libraries write: no code in them."""


def refuse_unpinned_pickle(spec: WorkerSpec) -> None:
    """Refuse a checkpoint that could run code and whose content nobody pinned.

    Raises
    ------
    MatterzooError
        BAD_CARD.
    """
    pinned = spec.card.get("checkpoint", {}).get("sha256")
    if spec.weights is None or pinned or all(_is_plain_data(file) for file in _files_of(spec.weights)):
        return
    raise MatterzooError(
        ExitCode.BAD_CARD,
        f"{spec.model_id}: {spec.weights} may be a pickle, which can run any code when it is loaded; its card pins no "
        "sha256, and the venv runtime does not isolate code",
        f"run it in a container (--runtime docker), or pin it: sha256sum {shlex.quote(str(spec.weights))}",
    )


def _files_of(weights: Path) -> list[Path]:
    return [file for file in weights.rglob("*") if file.is_file()] if weights.is_dir() else [weights]


def _is_plain_data(file: Path) -> bool:
    return file.suffix in {".safetensors", ".json", ".txt", ".md"} or file.name in SENTENCEPIECE


def _python(spec: WorkerSpec) -> list[str]:
    folder = find_environment(spec.environment)
    return [str(environment_path(folder, spec.variant) / "bin" / "python"), "-m", "matterzoo_adapters.worker"]


def _variables(spec: WorkerSpec, home: str) -> dict[str, str]:
    folder = find_environment(spec.environment)
    binaries = environment_path(folder, spec.variant) / "bin"
    variables = worker_variables(spec, folder.environment, home)
    variables["PATH"] = f"{binaries}:/usr/local/bin:/usr/bin:/bin"
    variables["PYTHONPATH"] = str(staged_sources())
    if spec.device == "cuda":
        variables.pop("CUDA_VISIBLE_DEVICES")
    if spec.device_kind == "cuda" and "LD_LIBRARY_PATH" in os.environ:
        variables["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]  # where some sites keep the driver
    return variables
