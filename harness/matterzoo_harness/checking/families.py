"""One check of every family, side by side; what passed before under the same recipe is not asked again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from matterzoo_harness import locations
from matterzoo_harness.checking.check import Level, Report, check_model
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.executors.base import Listener, Notice
from matterzoo_harness.model import Model
from matterzoo_harness.store import writing
from matterzoo_harness.worker_sources import sources_sha256
from matterzoo_schemas.canonical import sha256_of
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


@dataclass(frozen=True)
class FamilyCheck:
    """How one family's check ended.

    Parameters
    ----------
    family, model, environment
        Which family, the model that stood for it, and where it ran.
    grade
        Of the report; None where the check could not be made.
    passed
        Whether it passed.
    seconds
        How long it took, when it was made.
    remembered
        Whether it was made before, under the same recipe, and only looked up.
    trouble
        What failed, or what stood in the way; empty if it passed.
    """

    family: str
    model: str
    environment: str
    grade: str | None
    passed: bool
    seconds: float
    remembered: bool
    trouble: str


def representatives(models: Iterable[Model]) -> list[Model]:
    """Choose one model for each adapter and environment that has a CPU lock.

    It is the one with random weights where there is one (it needs no download and is small), else one whose weights
    come with its package.
    """
    chosen: dict[tuple[str, str], Model] = {}
    for model in sorted(models, key=lambda one: (not one.card.random_weights, one.id)):
        here = model.card.checkpoint.source in ("none", "package") and not model.card.checkpoint.parts
        if here and _has_cpu_lock(model):
            chosen.setdefault((model.card.family, model.card.environment), model)
    return sorted(chosen.values(), key=lambda one: one.card.family)


def check_families(
    models: Sequence[Model],
    level: Level,
    runtime: str,
    device: str,
    jobs: int,
    listener: Listener,
    told: Callable[[FamilyCheck], None],
) -> list[FamilyCheck]:
    """Check models side by side.

    Parameters
    ----------
    models
        One a family: see `representatives`.
    level, runtime, device
        As `check_model` takes them.
    jobs
        How many at one time.
    listener
        Is told what each worker does.
    told
        Is told how each check ended, as soon as it has.
    """

    def one(model: Model) -> FamilyCheck:
        ended = _remembered(model, level, runtime, device) or _check(model, level, runtime, device, listener)
        told(ended)
        return ended

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, models))


def _check(model: Model, level: Level, runtime: str, device: str, listener: Listener) -> FamilyCheck:
    began = time.monotonic()
    card = model.card
    try:
        report = check_model(model, level, runtime, device, _only_warnings(listener))
    except MatterzooError as error:
        if error.code is ExitCode.INTERRUPTED:
            raise
        return FamilyCheck(
            card.family, model.id, card.environment, None, False, time.monotonic() - began, False, error.message
        )
    seconds = round(time.monotonic() - began, 1)
    if report.passed:
        _remember(model, level, runtime, device, {"grade": report.grade, "seconds": seconds})
    return FamilyCheck(
        card.family, model.id, card.environment, report.grade, report.passed, seconds, False, _failures(report)
    )


def _failures(report: Report) -> str:
    return "; ".join(
        f"{finding.rule}: {finding.message}"
        for finding in report.findings
        if not finding.passed and finding.kind != "informational"
    )


def _only_warnings(listener: Listener) -> Listener:
    """Several checks talk at one time: how each began is not worth a line."""

    def listen(notice: Notice) -> None:
        if notice.kind == "warning":
            listener(notice)

    return listen


def _has_cpu_lock(model: Model) -> bool:
    try:
        folder = find_environment(model.card.environment)
        return folder.environment.variant_for("cpu") == "cpu" and folder.lock("cpu").is_file()
    except MatterzooError:
        return False


def _note(model: Model, level: str, runtime: str, device: str) -> Path:
    """Name the file that remembers a passed check: by everything that its outcome depends on."""
    lock = find_environment(model.card.environment).lock_sha256("cpu")
    asked = [level, runtime, device, lock, sources_sha256(model.card.adapter), sha256_of(model.resolved_card)]
    return locations.cache() / "checks" / f"{sha256_of(asked)}.json"


def _remembered(model: Model, level: str, runtime: str, device: str) -> FamilyCheck | None:
    try:
        kept = json.loads(_note(model, level, runtime, device).read_bytes())
        card = model.card
        return FamilyCheck(card.family, model.id, card.environment, kept["grade"], True, kept["seconds"], True, "")
    except (OSError, ValueError, KeyError):
        return None


def _remember(model: Model, level: str, runtime: str, device: str, content: dict[str, object]) -> None:
    file = _note(model, level, runtime, device)
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content), "utf-8")
