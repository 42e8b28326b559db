"""Start a worker, have it load its model, and see that it is that model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from matterzoo_harness.conversation import Conversation
from matterzoo_harness.model import Model
from matterzoo_harness.runtimes.base import Runtime, WorkerSpec
from matterzoo_schemas.events import Ready
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


def start_worker(
    runtime: Runtime,
    spec: WorkerSpec,
    model: Model,
    setup: Mapping[str, Any],
    batch_seconds: float | None = None,
    on_start: Callable[[Conversation], None] = lambda _: None,
) -> tuple[Conversation, Ready]:
    """Start a worker in a prepared runtime and load the model.

    Parameters
    ----------
    runtime, spec
        What starts it, and how; `runtime.prepare(spec)` was called.
    model
        Which model.
    setup
        What the worker is told, but for the paths, which only the runtime knows.
    batch_seconds
        Longest time for one batch; None for the card's.
    on_start
        Told of the worker before it loads, which may take minutes in which somebody may want to end it.

    Raises
    ------
    MatterzooError
        What the worker gave up with, or `MODEL_CRASHED`.
    """
    process = runtime.start(spec)
    worker = Conversation(process, spec.log, batch_seconds or model.card.limits.seconds_a_batch, spec.memory_bytes)
    try:
        on_start(worker)
        ready = worker.load(
            {
                **setup,
                "adapter": adapter_reference(model, process.map_path),
                "device": spec.device_kind,
                "weights": process.map_path(spec.weights) if spec.weights else None,
            }
        )
    except BaseException:
        worker.kill()
        raise
    return worker, ready


def adapter_reference(model: Model, map_path: Callable[[Path], str]) -> str:
    """Name the adapter as the worker finds it: ours by family, a private zoo's by file."""
    if not model.private:
        return model.card.adapter
    return f"{map_path(model.adapter_file)}:{model.card.adapter.partition(':')[2]}"


def refuse_other_weights(model: Model, options: Mapping[str, str], ready: Ready) -> None:
    """Refuse a worker whose weights are not the ones that the model's lock records.

    Parameters
    ----------
    model
        Which model.
    options
        The value of each of its options; the lock speaks of the card's own.
    ready
        What the worker said once it had loaded.

    Raises
    ------
    MatterzooError
        `DIGEST_MISMATCH`: other bytes, or weights left random.
    """
    expected = model.lock.weights_sha256
    if expected is not None and options == model.options({}) and ready.weights_sha256 != expected:
        raise MatterzooError(
            ExitCode.DIGEST_MISMATCH,
            f"{model.id}: the loaded weights have the fingerprint {ready.weights_sha256}, and its lock records "
            f"{expected}: other bytes were loaded, or some weights were left random",
            f"matterzoo lock {model.id}",
        )
