"""`study`: one declarative file in, all its embeddings, comparisons and a report out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from matterzoo.cli import console
from matterzoo.cli.options import Device, Jobs, Json, Memory, Runtime, Threads
from matterzoo.cli.progress import spoken, watching
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

if TYPE_CHECKING:
    from matterzoo_harness.executors.base import Listener
    from matterzoo_harness.studies.run import DataDone
    from matterzoo_harness.studies.schema import Study

app = typer.Typer(no_args_is_help=True, help="Studies: declared in one file, resumable, with a report at the end.")

STUDY = typer.Argument(..., help="A .toml file, or a study's name; `matterzoo study list` shows them.")
OUT = typer.Option(None, "--out", "-o", help="Folder of the results  [studies/<id>].", show_default=False)
DRY = typer.Option(False, "--dry-run", help="Say what will run, how long and how much disk it takes; start nothing.")


@app.command("run")
def run(
    study: str = STUDY,
    out: Path = OUT,
    runtime: Runtime = "auto",
    device: Device = "auto",
    jobs: Jobs = 0,
    threads: Threads = 0,
    memory: Memory = None,
    dry_run: bool = DRY,
    json: Json = False,
) -> int:
    """Embed, gather, compare and report; what was done before is not done again."""
    from matterzoo.catalogue import find
    from matterzoo_harness.devices import default_threads
    from matterzoo_harness.embedding import Request
    from matterzoo_harness.plan import Choices
    from matterzoo_harness.studies.find import find_study

    declared, _ = find_study(study)
    folder = (out or Path("studies") / declared.id).absolute()
    if dry_run:
        from matterzoo.cli.forecast import show_forecast

        return show_forecast(declared, folder, as_json=json)
    from matterzoo_harness.studies.run import run_study

    workers = jobs or default_threads()
    request = Request(folder, runtime, device, Choices(threads=threads), workers, int(memory * 1e9) if memory else None)
    began = time.monotonic()
    done = run_study(declared, folder, find, request, _Watch())
    page = _report(declared, folder)
    if json:
        console.emit({"folder": str(folder), "report": str(page), "data": [_summary(each) for each in done]})
    else:
        _tell(done, page, time.monotonic() - began)
    return _exit_code(done)


@app.command("report")
def report(study: str = STUDY, out: Path = OUT) -> int:
    """Write the report of what is there, and run nothing."""
    from matterzoo_harness.studies.find import find_study

    declared, _ = find_study(study)
    print(_report(declared, (out or Path("studies") / declared.id).absolute()))
    return 0


@app.command("export")
def export(
    study: str = STUDY,
    out: Path = OUT,
    formats: str = typer.Option("svg,png", "--format", help="svg, png, or both with a comma between."),
    only: str = typer.Option("", "--only", help="Figures, with commas between, such as matrix,tree  [all]."),
    json: Json = False,
) -> int:
    """Write the report's figures as SVG and PNG for a paper; needs Chromium or Chrome, and no network."""
    from matterzoo_harness.report.export import export as write
    from matterzoo_harness.studies.find import find_study

    folder = out or Path("studies") / find_study(study)[0].id
    files = write(folder / "report.html", folder / "figures", _names(formats), _names(only))
    if json:
        console.emit([str(file) for file in files])
    else:
        print(f"{len(files)} files in {folder / 'figures'}")
    return 0


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


@app.command("list")
def list_studies() -> int:
    """List the studies that there are."""
    from matterzoo_harness.studies.find import find_study, studies

    for name in studies():
        try:
            declared, _ = find_study(name)
            counts = f"{len(declared.models):>3} models, {len(declared.data)} data sets"
            print(f"{name:16} {counts:28} {declared.title}")
        except MatterzooError as error:
            print(f"{name:16} {error.message}")
    return 0


def _report(declared: Study, folder: Path) -> Path:
    from matterzoo.catalogue import find
    from matterzoo_harness.report.page import write_report
    from matterzoo_harness.report.results import read_results

    return write_report(read_results(declared, folder, find), folder)


class _Watch:
    """A log that reads well at night: what happens, when, and how far it is; bars on a terminal."""

    def say(self, text: str) -> None:
        """Write a line with the time of day."""
        console.say(f"{time.strftime('%H:%M:%S')}  {text}")

    @contextmanager
    def embedding(self, data: str, models: int, records: int) -> Iterator[Listener]:
        """Show the models at work."""
        self.say(f"{data}: {models} models × {records} records")
        began = time.monotonic()
        with watching(records, models) as listener:
            yield listener
        self.say(f"{data}: embedded in {spoken(time.monotonic() - began)}")

    @contextmanager
    def measuring(self, data: str) -> Iterator[Callable[[str, int, int], None]]:
        """Show the sweeps."""
        from matterzoo_harness.metrics.progress import reporter

        self.say(f"{data}: comparing all pairs")
        began = time.monotonic()
        with reporter() as bars:
            yield lambda sweep, done, total: bars(f"{data}, {sweep}", done, total)
        self.say(f"{data}: compared in {spoken(time.monotonic() - began)}")


def _summary(done: DataDone) -> dict[str, object]:
    return {
        "data": done.data.name,
        "records": done.records,
        "problem": done.problem or None,
        "models": {
            each.model: {"ok": each.ok, "compared": each.compared, "problem": each.problem or None}
            for each in done.coverages
        },
    }


def _tell(done: list[DataDone], page: Path, seconds: float) -> None:
    for each in done:
        compared = sum(coverage.compared for coverage in each.coverages)
        whole = f"{compared} of {len(each.coverages)} models compared on {each.records} records"
        print(f"  {each.data.name:16} {each.problem or whole}")
    print(f"  report           {page}  ({page.stat().st_size / 1e6:.1f} MB, {spoken(seconds)} in all)")


def _exit_code(done: list[DataDone]) -> int:
    """Return 0, or 3 if a data set was not compared or a model had too few vectors for it: the report shows which.

    Records that a model cannot take are no failure of a study, as long as it covers enough of the others.
    """
    whole = all(not each.problem and all(c.compared for c in each.coverages) for each in done)
    return int(ExitCode.OK if whole else ExitCode.FAILED_RECORDS)
