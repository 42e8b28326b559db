"""The main job: models over records, through a runtime, to one file of embeddings a model."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from matterzoo_harness.assembling import assemble, carries_key
from matterzoo_harness.bases.choice import fetch_base
from matterzoo_harness.devices import choose_device, default_threads
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.executors.base import Executor, Job, Listener, Notice
from matterzoo_harness.executors.local import LocalExecutor
from matterzoo_harness.inputs import Inputs
from matterzoo_harness.leftovers import remove_left_overs
from matterzoo_harness.model import Model
from matterzoo_harness.plan import Choices, Plan, make_plan
from matterzoo_harness.provision import fetch_model
from matterzoo_harness.runtimes.base import Runtime
from matterzoo_harness.runtimes.choice import runtime_for
from matterzoo_harness.store import Store
from matterzoo_schemas.canonical import open_tensors, sha256_of_file
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.shard import KIND, Embeddings


@dataclass(frozen=True)
class Request:
    """What a user asks for.

    Parameters
    ----------
    out
        Folder of the results: `records.safetensors`, `<model>.safetensors`, and `shards/`, `logs/` while it works.
    runtime
        `docker`, `venv`, or `auto`.
    device
        `auto`, `cpu`, `cuda`, or one GPU by its UUID.
    choices
        What changes the numbers; `choices.threads` of 0 is chosen by the machine.
    workers
        Most models at one time.
    memory_bytes
        Most memory of one worker; None for no limit.
    batch_seconds
        Longest time for one batch; None for the card's.
    """

    out: Path
    runtime: str = "auto"
    device: str = "auto"
    choices: Choices = field(default_factory=lambda: Choices(threads=0))
    workers: int = 1
    memory_bytes: int | None = None
    batch_seconds: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one model.

    Parameters
    ----------
    model
        Which.
    file
        Its embeddings; absent if there was an error.
    embeddings
        The same, mapped.
    error
        Why there are none.
    seconds
        From the start of its work; 0 if everything was done before.
    """

    model: Model
    file: Path
    embeddings: Embeddings | None
    error: Exception | None
    seconds: float
    runtime: str
    device: str


def embed(
    models: Sequence[Model], inputs: Inputs, request: Request, listener: Listener, executor: Executor | None = None
) -> list[Outcome]:
    """Embed the same records by several models.

    Parameters
    ----------
    models
        Which.
    inputs
        The records.
    request
        How, and where to.
    listener
        Told what happens.
    executor
        Who carries the plans out; this machine by default.

    Returns
    -------
    outcomes
        In the order of the models: one that fails costs the others nothing.
    """
    refuse_other_data(request.out, inputs.identity, {model.id for model in models})
    began = time.monotonic()
    prepared = [_prepare(model, inputs, request, listener) for model in models]
    jobs = [
        job for job in prepared if isinstance(job, Job) and not carries_key(result_file(job, request), job.plan.key)
    ]
    errors = dict(zip(map(id, jobs), (executor or LocalExecutor(request.workers)).run(jobs, listener), strict=True))
    outcomes = []
    for model, job in zip(models, prepared, strict=True):
        if isinstance(job, Job):
            seconds = time.monotonic() - began if id(job) in errors else 0.0
            outcomes.append(_finish(job, request, errors.get(id(job)), seconds))
        else:
            file = request.out / f"{model.id}.safetensors"
            outcomes.append(Outcome(model, file, None, job, 0.0, request.runtime, request.device))
    return outcomes


def refuse_other_data(folder: Path, identity: str, ours: set[str]) -> None:
    """Refuse a folder that holds other models' embeddings of other records: they could never be compared.

    Raises
    ------
    MatterzooError
        `CANNOT_WRITE`, naming a file of the other data.
    """
    for file in sorted(folder.glob("*.safetensors")) if folder.is_dir() else ():
        try:
            header = open_tensors(file, KIND).header
        except MatterzooError:
            continue
        if header.get("records") != identity and header.get("model") not in ours:
            raise MatterzooError(
                ExitCode.CANNOT_WRITE, f"{file} holds embeddings of other records than these", "choose another OUT"
            )


def prepare_job(model: Model, inputs: Inputs, request: Request, listener: Listener, *, fetch: bool = True) -> Job:
    """Fetch what a model lacks, and plan its work.

    Parameters
    ----------
    fetch
        Whether packages and weights may be fetched now; a plan that is only shown needs none of them.

    Raises
    ------
    MatterzooError
        Whatever stands in the way: no GPU, no lock, no network, no such layer.
    """
    folder = find_environment(model.card.environment)
    device, variant = choose_device(request.device, folder.environment)
    given = inputs.with_view(model.card.view.value, model.card.domain.grid)
    runtime: Runtime = runtime_for(request.runtime)
    threads = request.choices.threads or default_threads(request.workers)
    kind = "cpu" if device == "cpu" else "cuda"
    weights = None
    if fetch:
        listener(Notice(model.id, "starting", text=f"{runtime.name}, {kind}"))
        store, progress = Store(), lambda line: listener(Notice(model.id, "preparing", text=line))
        weights = fetch_model(model, variant, store, progress)
        if runtime.name != "venv":
            fetch_base(folder.environment.python, store, progress)
    plan = make_plan(
        model, given.records, given.file, replace(request.choices, device=kind, threads=threads),
        identity=given.identity,
        lock_sha256=folder.lock_sha256(variant),
        checkpoint_sha256=_checkpoint_sha256(model, weights),
        failures=given.failures,
        derived=given.derived,
    )  # fmt: skip
    logs = request.out / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    return Job(
        plan=plan,
        runtime=runtime,
        folder=request.out / "shards" / model.id,
        log=logs / f"{model.id}.log",
        device=device,
        variant=variant,
        weights=weights,
        memory_bytes=request.memory_bytes,
        batch_seconds=request.batch_seconds or model.card.limits.seconds_a_batch,
        run_label=f"matterzoo-{uuid.uuid4().hex[:12]}",
    )


def _prepare(model: Model, inputs: Inputs, request: Request, listener: Listener) -> Job | MatterzooError:
    try:
        return prepare_job(model, inputs, request, listener)
    except MatterzooError as error:
        return error


def _checkpoint_sha256(model: Model, weights: Path | None) -> str | None:
    """Return the checkpoint's hash: as pinned, else as measured, so that other bytes never pass for these."""
    locked = model.lock.checkpoint
    pinned = model.card.checkpoint.sha256 or (locked.sha256 if locked else None)
    if pinned or weights is None:
        return pinned
    return weights.name if weights.is_dir() else sha256_of_file(weights)  # a folder's name is its content's hash


def result_file(job: Job, request: Request) -> Path:
    """Return where a model's embeddings are put."""
    return request.out / f"{job.plan.model.id}.safetensors"


def _finish(job: Job, request: Request, error: Exception | None, seconds: float) -> Outcome:
    file = result_file(job, request)
    embeddings = None
    if error is None:
        try:
            embeddings = _gathered(job.plan, job.folder, file)
        except MatterzooError as problem:
            error = problem
    return Outcome(job.plan.model, file, embeddings, error, seconds, job.runtime.name, job.device)


def _gathered(plan: Plan, folder: Path, file: Path) -> Embeddings:
    """Return the assembled file, made now if it was not; its shards have then served."""
    remove_left_overs(file)
    embeddings = Embeddings.open(file) if carries_key(file, plan.key) else assemble(plan, folder, file)
    shutil.rmtree(folder, ignore_errors=True)
    return embeddings
