"""`check` and `golden`: what a model promises, and whether it keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from matterzoo.cli import console
from matterzoo.cli.options import Device, Json, ModelId, Runtime
from matterzoo.cli.progress import watching
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

if TYPE_CHECKING:
    from matterzoo_harness.checking.check import Level, Report


def check(
    model: ModelId = "",
    level: str = typer.Option(
        "", "--level", help="inspect (files), contract (mandatory rules), conformance (all), golden  [conformance]."
    ),
    runtime: Runtime = "auto",
    device: Device = "auto",
    record: bool = typer.Option(False, "--record", help="Put a passed check on record in the model's lock.json."),
    jobs: int = typer.Option(0, "--jobs", "-j", min=0, help="Without a model: families side by side  [cores]."),
    json: Json = False,
) -> int:
    """Ask a model what every model is asked, inside its environment, and grade it; exit code 4 if it fails.

    Without a model: one of every family that has a CPU lock, side by side, at the level contract.
    """
    from matterzoo.catalogue import find
    from matterzoo_harness.checking.check import LEVELS, check_model
    from matterzoo_harness.checking.record import record as put_on_record

    wanted = level or ("conformance" if model else "contract")
    chosen = next((known for known in LEVELS if known == wanted), None)
    if chosen is None:
        raise MatterzooError(ExitCode.USAGE, f"there is no level {level!r}; there is: {', '.join(LEVELS)}")
    if not model:
        return _check_families(chosen, runtime, device, jobs, json)
    found = find(model)
    with watching(0) as listener:
        report = check_model(found, chosen, runtime, device, listener)
    if json:
        console.emit(report.as_json())
    else:
        _show(report)
    if record and report.passed:
        verified = put_on_record(found, report)
        console.say(f"{found.lock_file}: {verified.level} on {verified.device}, grade {verified.grade}, recorded")
    return int(ExitCode.OK if report.passed else ExitCode.CONFORMANCE)


def _check_families(level: Level, runtime: str, device: str, jobs: int, json: bool) -> int:
    """Check one model of each family, and say how long each took."""
    import time
    from dataclasses import asdict

    from matterzoo.catalogue import readable
    from matterzoo_harness.checking.families import FamilyCheck, check_families, representatives
    from matterzoo_harness.devices import default_threads

    models = representatives(readable())
    began = time.monotonic()

    def told(one: FamilyCheck) -> None:
        took = f"{one.seconds:.0f} s" + (", before" if one.remembered else "")
        console.say(f"{'✓' if one.passed else '✗'} {one.model} ({one.environment}, {took}) {one.trouble}".rstrip())

    with watching(0) as listener:
        ended = check_families(models, level, runtime, device, jobs or default_threads(), listener, told)
    failed = [one for one in ended if not one.passed]
    if json:
        console.emit([asdict(one) for one in ended])
    else:
        took = time.monotonic() - began
        print(f"{len(ended) - len(failed)} of {len(ended)} families passed the level {level} in {took:.0f} s")
    return int(ExitCode.CONFORMANCE if failed else ExitCode.OK)


def golden(
    model: ModelId = "",
    replace: bool = typer.Option(False, "--replace", help="Write golden vectors anew where there are some."),
    runtime: Runtime = "auto",
    device: Device = "auto",
    json: Json = False,
) -> int:
    """Keep what a model says about a few fixed records, so that any later run can be compared with it."""
    from matterzoo.catalogue import find
    from matterzoo_harness.checking.check import make_golden

    found = find(model)
    with watching(0) as listener:
        file = make_golden(found, runtime, device, listener, replace=replace)
    if json:
        console.emit({"model": found.id, "file": str(file)})
    else:
        print(f"{file}\n  matterzoo check {found.id} --level golden")
    return 0


def _show(report: Report) -> None:
    width = max(len(finding.rule) for finding in report.findings)
    for kind in ("mandatory", "consistency", "informational"):
        of_kind = [finding for finding in report.findings if finding.kind == kind]
        if of_kind:
            print(kind)
        for finding in of_kind:
            measured = "" if finding.value is None else f"{finding.value:.1e}"
            allowed = "" if finding.tolerance is None else f" of {finding.tolerance:g}"
            mark = "✓" if finding.passed else "✗"
            numbers = f"{measured}{allowed}: " if measured else ""
            print(f"  {mark} {finding.rule:<{width}}  {finding.grade:<4}  {numbers}{finding.message}")
    where = f" ({report.runtime}, {report.device})" if report.runtime else ""
    print(f"{report.model}: {report.level}{where}: grade {report.grade}, {'passed' if report.passed else 'failed'}")
