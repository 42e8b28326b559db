"""Prove that a model's weights come from its checkpoint and not from a random generator."""

from __future__ import annotations

import tempfile
from pathlib import Path

from matterzoo_harness.model import Model
from matterzoo_harness.runtimes.base import Progress, Runtime, WorkerSpec, quiet
from matterzoo_harness.runtimes.choice import runtime_for
from matterzoo_harness.runtimes.venv import VenvRuntime
from matterzoo_harness.starting import start_worker
from matterzoo_schemas.events import Ready
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

SEEDS = (0, 1)


def weights_fingerprint(model: Model, variant: str, weights: Path | None, progress: Progress = quiet) -> str | None:
    """Load a model with two seeds and compare the fingerprints of all its learned arrays.

    Parameters
    ----------
    model, variant, weights
        Which model, by which lock, from which checkpoint.
    progress
        Told what happens.

    Returns
    -------
    fingerprint
        SHA-256; None for a model that is random on purpose or has no weights.

    Raises
    ------
    MatterzooError
        `DIGEST_MISMATCH` if the two differ: some weights were left random.
    """
    if model.card.checkpoint.source == "none":
        return None
    first, second = (_load(model, variant, weights, seed, progress).weights_sha256 for seed in SEEDS)
    if first != second:
        raise MatterzooError(
            ExitCode.DIGEST_MISMATCH,
            f"{model.id}: its weights depend on the seed ({first} and {second}), so some of them are not those of "
            "the checkpoint",
            f"mend load() in {model.adapter_file}",
        )
    return first


def _load(model: Model, variant: str, weights: Path | None, seed: int, progress: Progress) -> Ready:
    card = model.resolved_card
    with tempfile.TemporaryDirectory(prefix="matterzoo-lock-") as name:
        log = Path(name) / "worker.log"
        spec = WorkerSpec(
            model_id=model.id, card=card, environment=model.card.environment, variant=variant, device="cpu",
            output=Path(name), log=log, weights=weights, inputs=(model.adapter_file,) if model.private else (),
        )  # fmt: skip
        runtime = _runtime(model)
        runtime.prepare(spec, progress)
        progress(f"{model.id}: loading with seed {seed}")
        setup = {
            "model": model.id, "card": card, "layers": [model.card.embedding.default], "options": model.options({}),
            "seed": seed,
        }  # fmt: skip
        worker, ready = start_worker(runtime, spec, model, setup)
        worker.close()
        return ready


def _runtime(model: Model) -> Runtime:
    """Choose where to load: weights that nobody pinned may be a pickle, and a pickle is opened in a container only."""
    known = model.card.checkpoint.source == "package" or model.card.checkpoint.sha256 or model.lock.checkpoint
    return VenvRuntime() if known else runtime_for("docker")
