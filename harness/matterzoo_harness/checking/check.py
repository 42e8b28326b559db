"""Check a model at a level; each level holds the ones before it."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from matterzoo_harness.checking.files import golden_file, inspect_files
from matterzoo_harness.checking.golden import compare_golden, compare_tokens, fixed_inputs, write_golden
from matterzoo_harness.conversation import WorkerDied
from matterzoo_harness.embedding import Request, embed, prepare_job
from matterzoo_harness.executors.base import Job, Listener, Notice
from matterzoo_harness.executors.shards import worker_spec
from matterzoo_harness.model import Model
from matterzoo_harness.plan import Choices
from matterzoo_harness.runtimes.gpu import gpus
from matterzoo_harness.starting import refuse_other_weights, start_worker
from matterzoo_schemas.events import BatchStarted, Check, Ready
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.findings import Finding, overall
from matterzoo_schemas.shard import Embeddings

Level = Literal["inspect", "contract", "conformance", "golden"]
LEVELS: tuple[Level, ...] = ("inspect", "contract", "conformance", "golden")
ALL_LAYERS = ("*",)


@dataclass(frozen=True)
class Report:
    """What a check found.

    Parameters
    ----------
    model, level
        Of which model, at which level.
    findings
        In the order of the rules.
    runtime, device, variant
        Where it ran; empty at the level `inspect`, which runs nothing.
    """

    model: str
    level: Level
    findings: Sequence[Finding]
    runtime: str = ""
    device: str = ""
    variant: str = ""
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def grade(self) -> str:
        """A to D, as `matterzoo_schemas.findings.overall`."""
        return overall(self.findings)

    @property
    def passed(self) -> bool:
        """Whether every mandatory and every consistency rule passed."""
        return self.grade in {"A", "B"}

    def as_json(self) -> dict[str, Any]:
        """Return everything, JSON-able."""
        findings = [{**asdict(finding), "grade": finding.grade} for finding in self.findings]
        for finding in findings:
            if finding["value"] is not None and not math.isfinite(finding["value"]):
                finding["value"] = None  # JSON has no infinity; grade and message tell
        return {**asdict(self), "findings": findings, "grade": self.grade, "passed": self.passed}


def check_model(model: Model, level: Level, runtime: str, device: str, listener: Listener) -> Report:
    """Check a model.

    Parameters
    ----------
    model
        Which.
    level
        `inspect` its files; the `contract` (mandatory rules) or the whole `conformance` suite inside its environment;
        its `golden` vectors besides.
    runtime, device
        As `run` takes them.
    listener
        Told what happens.

    Raises
    ------
    MatterzooError
        What stands in the way of running it; `INPUT_MISSING` if golden vectors are wanted and none were kept.
    """
    findings = inspect_files(model)
    if level == "inspect":
        return Report(model.id, level, findings)
    golden = _kept(model) if level == "golden" else None
    with tempfile.TemporaryDirectory(prefix="matterzoo-check-") as scratch:
        job = _job(model, runtime, device, Path(scratch), listener)
        suite, versions = run_suite(job, "contract" if level == "contract" else "conformance", listener)
        findings += suite
        if golden is not None:
            answer = _answer(model, runtime, device, Path(scratch), listener, list(golden.ids))
            findings.append(compare_golden(golden, answer.embeddings, answer.device))
            findings += compare_tokens(golden, answer.ready)
        return Report(model.id, level, findings, job.runtime.name, device_name(job.device), job.variant, versions)


def make_golden(model: Model, runtime: str, device: str, listener: Listener, *, replace: bool = False) -> Path:
    """Run a model over its fixed records and keep what it says.

    Raises
    ------
    MatterzooError
        `CANNOT_WRITE` if there are golden vectors already and `replace` does not allow it.
    """
    file = golden_file(model)
    if file.exists() and not replace:
        raise MatterzooError(
            ExitCode.CANNOT_WRITE,
            f"{file} is there: writing it anew would make every later comparison agree",
            f"matterzoo check {model.id} --level golden, or --replace if the change is meant",
        )
    with tempfile.TemporaryDirectory(prefix="matterzoo-golden-") as scratch:
        answer = _answer(model, runtime, device, Path(scratch), listener)
        return write_golden(model, answer.embeddings, answer.device, answer.ready)


def run_suite(job: Job, level: str, listener: Listener) -> tuple[list[Finding], dict[str, str]]:
    """Run the conformance suite in a worker; a death of the worker is a finding like any other.

    Returns
    -------
    findings, versions
        What the rules found, and the versions of the worker's framework.

    Raises
    ------
    MatterzooError
        If the model does not load, or its weights are not those of its lock.
    """
    model, spec, asked = job.plan.model, worker_spec(job), [""]
    listener(Notice(model.id, "starting", text=job.runtime.name))
    job.runtime.prepare(spec, lambda line: listener(Notice(model.id, "preparing", text=line)))
    listener(Notice(model.id, "loading", text=job.runtime.name))
    worker, ready = start_worker(job.runtime, spec, model, job.plan.setup, job.batch_seconds)

    def note(batch: BatchStarted) -> None:
        asked[0] = batch.ids[0].partition("/")[0]

    try:
        refuse_other_weights(model, job.plan.setup["options"], ready)
        listener(Notice(model.id, "ready", ready=ready))
        found = worker.check(Check(level), note).findings
    except WorkerDied as death:
        where = f"asked for {asked[0]}" if asked[0] else "before any rule"
        return [Finding("survival", "mandatory", passed=False, message=f"{where}: {death}")], ready.versions
    finally:
        worker.close()
    survived = Finding("survival", "mandatory", passed=True, message="the model's process answered every rule")
    return [survived, *(Finding(**finding) for finding in found)], ready.versions


def device_name(device: str) -> str:
    """Return `cpu`, or the names of the GPUs of these UUIDs."""
    named = {} if device == "cpu" else {gpu.uuid: gpu.name for gpu in gpus()}
    return " + ".join(named.get(one, one) for one in device.split(","))


@dataclass(frozen=True)
class _Answer:
    """What a model says about its fixed records, and where it says it."""

    embeddings: Embeddings
    device: str
    ready: Ready


def _job(model: Model, runtime: str, device: str, scratch: Path, listener: Listener) -> Job:
    """Plan a worker for the suite: all layers, node vectors where there are any, one thread."""
    nodes = all(layer.level == "node" for layer in model.card.embedding.layers)
    request = Request(scratch / "suite", runtime, device, Choices(layers=ALL_LAYERS, nodes=nodes, threads=1))
    job = prepare_job(model, fixed_inputs(model, request.out), request, listener)
    job.folder.mkdir(parents=True)
    return job


def _answer(
    model: Model, runtime: str, device: str, scratch: Path, listener: Listener, ids: Sequence[str] = ()
) -> _Answer:
    """Run a model over its fixed records, anew."""
    loaded: list[Ready] = []

    def listen(notice: Notice) -> None:
        listener(notice)
        loaded.extend([notice.ready] if notice.ready else [])

    request = Request(scratch / "golden", runtime, device, Choices(layers=ALL_LAYERS, threads=1))
    (outcome,) = embed([model], fixed_inputs(model, request.out, ids), request, listen)
    if outcome.error is not None:
        raise outcome.error
    if outcome.embeddings is None or not loaded:
        raise MatterzooError(ExitCode.BUG, f"{model.id} gave neither embeddings nor an error")
    return _Answer(outcome.embeddings.copied(), device_name(outcome.device), loaded[0])


def _kept(model: Model) -> Embeddings:
    file = golden_file(model)
    if not file.is_file():
        raise MatterzooError(ExitCode.INPUT_MISSING, f"{file} is missing", f"matterzoo golden {model.id}")
    return Embeddings.open(file)
