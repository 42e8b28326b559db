"""What a runtime is: something that can start a worker for a model and hand back its pipes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

Progress = Callable[[str], None]


def quiet(_line: str) -> None:
    """Swallow progress lines: the default where nobody watches."""


@dataclass(frozen=True)
class WorkerSpec:
    """All that a runtime needs to know to start one worker.

    Attributes
    ----------
    model_id
        The card's id, such as `chgnet-0.3.0`.
    card
        The resolved card as JSON-able data; the worker reads it from a file and never sees TOML.
    environment
        Name of the folder in `containers/`.
    variant
        Which lock: `cpu`, `cuda` or `cuda12`.
    device
        `cpu`, `cuda`, or GPUs by their UUIDs (`GPU-…,GPU-…`).
    output
        Folder on the host that the worker may write.
    inputs
        Host files or folders that the worker may read.
    weights
        Host path of the checkpoint, or None where it comes with the package or is random.
    threads
        Threads of every numerical library; the same in every runtime, so that the numbers are.
    variables
        Further environment variables, on top of the environment's own.
    memory_bytes
        Upper limit of the worker's memory; None is unlimited.
    run_label
        Identifies the run; the next run reaps what a dead harness left under its label.
    log
        File that the worker's stderr is appended to.
    """

    model_id: str
    card: Mapping[str, Any]
    environment: str
    variant: str
    device: str
    output: Path
    log: Path
    inputs: tuple[Path, ...] = ()
    weights: Path | None = None
    threads: int = 1
    variables: Mapping[str, str] = field(default_factory=dict)
    memory_bytes: int | None = None
    run_label: str = "matterzoo"

    @property
    def device_kind(self) -> str:
        """`cpu` or `cuda`: what the worker is told."""
        return "cpu" if self.device == "cpu" else "cuda"


class WorkerProcess(Protocol):
    """A started worker. JSON lines go in at `stdin`, events come out at `stdout`; data only through files."""

    stdin: BinaryIO
    stdout: BinaryIO

    def map_path(self, host_path: Path) -> str:
        """Give the worker's name of a host path below `inputs`, `output` or `weights`.

        Raises
        ------
        ValueError
            If the worker cannot see that path.
        """
        ...

    def memory(self) -> int:
        """Resident bytes of the worker now; 0 once it has ended."""
        ...

    def kill(self) -> None:
        """End the worker at once; harmless if it has ended already."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and give the exit status; a signal's is negative, as in `subprocess`.

        Raises
        ------
        TimeoutError
            If the worker still runs after `timeout` seconds.
        """
        ...


class Runtime(Protocol):
    """One way of starting workers."""

    name: str

    def available(self) -> str | None:
        """Say why this runtime cannot be used on this machine; None if it can."""
        ...

    def prepare(self, spec: WorkerSpec, progress: Progress = quiet) -> None:
        """Make what `start` needs (a virtual environment, an image) from the store, without network.

        Raises
        ------
        MatterzooError
            BAD_CARD for a lock that is missing, GPU_UNUSABLE where CUDA is wanted and cannot work, INPUT_MISSING
            for pieces that must be fetched first (they are named).
        """
        ...

    def command(self, spec: WorkerSpec) -> list[str]:
        """Give the exact command that `start` amounts to, to be pasted into a shell."""
        ...

    def start(self, spec: WorkerSpec) -> WorkerProcess:
        """Start the worker. `prepare` must have been called for the same spec."""
        ...
