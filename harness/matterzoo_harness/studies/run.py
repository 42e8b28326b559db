"""Carry a study out: embed, compare, lay out, report; every step is skipped if nothing that it depends on changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from matterzoo_harness.embedding import Outcome, Request, embed
from matterzoo_harness.executors.base import Listener
from matterzoo_harness.gather import embedding_files, gather, write_proof
from matterzoo_harness.inputs import Inputs
from matterzoo_harness.model import Model
from matterzoo_harness.studies.coverage import Coverage, coverage_of, link_compared
from matterzoo_harness.studies.rates import Stopwatch
from matterzoo_harness.studies.sampling import draw
from matterzoo_harness.studies.schema import DataSet, Row, Study
from matterzoo_harness.studies.steps import Steps
from matterzoo_schemas.canonical import canonical_json, sha256_of
from matterzoo_schemas.exit_codes import MatterzooError

EPOCH = 2
"""Raised by hand when what is measured of the same embeddings changes: every comparison is then made anew."""
Find = Callable[[str], Model]
Progress = Callable[[str, int, int], None]


class Show(Protocol):
    """What is shown while a study runs."""

    def say(self, text: str) -> None:
        """Tell one thing."""
        ...

    def embedding(self, data: str, models: int, records: int) -> AbstractContextManager[Listener]:
        """Show the models at work."""
        ...

    def measuring(self, data: str) -> AbstractContextManager[Progress]:
        """Show the sweeps."""
        ...


@dataclass(frozen=True)
class DataDone:
    """What became of one data set."""

    data: DataSet
    records: int
    coverages: list[Coverage]
    problem: str = ""
    skipped: bool = False


def run_study(study: Study, out: Path, find: Find, request: Request, show: Show) -> list[DataDone]:
    """Carry out all steps but the report.

    Parameters
    ----------
    study
        What to do.
    out
        Folder of the results: one folder a data set, and what belongs to all.
    find
        From a model's id to the model; a `MatterzooError` is a model that the zoo lacks.
    request
        Runtime, device, workers; its folder and choices are the study's.
    show
        Told what happens.

    Returns
    -------
    done
        In the order of the data sets; a data set or a model that fails costs the others nothing.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "study.json").write_bytes(canonical_json(study.model_dump(mode="json")) + b"\n")
    done = []
    for number, data in enumerate(study.data, 1):
        show.say(f"data set {number} of {len(study.data)}: {data.title} ({data.source})")
        try:
            done.append(_one_data_set(study, data, out / data.name, find, request, show))
        except MatterzooError as error:
            show.say(f"{data.name}: {error.message}")
            done.append(DataDone(data, 0, [], error.message))
        _write_state(out / data.name, done[-1])
    _lay_out(study, out, done, show)
    return done


def _one_data_set(study: Study, data: DataSet, folder: Path, find: Find, request: Request, show: Show) -> DataDone:
    sample = draw(data, folder)
    inputs = Inputs(sample.result, folder)
    inputs.with_view(next(iter(sample.result.records.views), "atoms"))  # the records as given are kept, whoever runs
    if sample.repeats:
        show.say(f"{data.name}: {sample.repeats} records repeat the content of another one")
    coverages = _embedded(study, data, folder, find, replace(request, out=folder), inputs, show)
    link_compared(folder, coverages)
    Steps(folder).note(
        "sample", {"key": inputs.identity, "records": inputs.count, "available": sample.available,
                   "repeats": sample.repeats},
    )  # fmt: skip
    done = DataDone(data, inputs.count, coverages)
    return _compared(study, done, folder, request.device, show) if data.compare else done


def _embedded(
    study: Study, data: DataSet, folder: Path, find: Find, request: Request, inputs: Inputs, show: Show
) -> list[Coverage]:
    """Embed by every model of the data set; those with options of their own run apart."""
    found: dict[str, Model] = {}
    problems: dict[str, str] = {}
    rows = study.rows_for(data)
    for row in rows:
        try:
            if row.id is None:
                problems[row.label] = "the zoo has no such model yet"
            else:
                found[row.id] = find(row.id)
        except MatterzooError as error:
            problems[row.id or row.label] = error.message
    outcomes: dict[str, Outcome] = {}
    for options, group in _by_options(rows, data, found):
        chosen = replace(request, choices=replace(request.choices, options=options))
        with show.embedding(data.name, len(group), inputs.count) as listener:
            watch = Stopwatch(listener)
            for outcome in embed(group, inputs, chosen, watch):
                outcomes[outcome.model.id] = outcome
                _keep_rate(watch, outcome, data, folder)
    coverages = []
    for row in rows:
        name = row.id or row.label
        outcome_of = outcomes.get(name)
        if outcome_of is None or outcome_of.error is not None:
            why = problems.get(name) or _reason(outcome_of)
            coverages.append(Coverage(name, inputs.count, problem=why))
        else:
            coverages.append(coverage_of(name, outcome_of.file, inputs.count, study.measures.least_coverage))
        if coverages[-1].problem:
            show.say(f"{name}: {coverages[-1].problem}")
    return coverages


def _by_options(
    rows: Sequence[Row], data: DataSet, found: dict[str, Model]
) -> list[tuple[dict[str, str], list[Model]]]:
    groups: dict[str, tuple[dict[str, str], list[Model]]] = {}
    for row in rows:
        if row.id in found:
            options = row.options.get(data.name, {})
            groups.setdefault(sha256_of(options), (options, []))[1].append(found[row.id])
    return list(groups.values())


def _keep_rate(watch: Stopwatch, outcome: Outcome, data: DataSet, folder: Path) -> None:
    facts = {"data": data.name, "runtime": outcome.runtime, "device": outcome.device.partition("-")[0]}
    if outcome.error is None and (rate := watch.rate(outcome.model.id, facts)):
        rate.write(folder)


def _reason(outcome: Outcome | None) -> str:
    if outcome is None or outcome.error is None:
        return "it did not run"
    return outcome.error.message if isinstance(outcome.error, MatterzooError) else repr(outcome.error)


def _compared(study: Study, done: DataDone, folder: Path, device: str, show: Show) -> DataDone:
    """Measure, unless these very embeddings were measured in this very way before."""
    compared = [each for each in done.coverages if each.compared]
    if not compared:
        return replace(done, problem="no model has enough vectors to be compared")
    steps = Steps(folder)
    key = sha256_of(
        {
            "epoch": EPOCH,
            "measures": study.measures.model_dump(mode="json"),
            "models": {each.model: each.header.get("key") for each in compared},
        }
    )
    if steps.done("metrics", key) and (folder / "metrics" / "comparison.json").is_file():
        show.say(f"{done.data.name}: compared before, nothing changed")
        return replace(done, skipped=True)
    from matterzoo_harness.studies.measuring import measure  # torch, which takes seconds to import

    write_proof(gather(embedding_files(folder / "compared")), folder)
    metrics_device = "cuda" if device.startswith("GPU-") else device
    try:
        with (
            show.measuring(done.data.name) as progress,
            steps.doing("metrics", key, models=len(compared), records=done.records),
        ):
            measure(folder, study.measures, folder / "records.safetensors", device=metrics_device, progress=progress)
    except MatterzooError as error:
        show.say(f"{done.data.name}: {error.message}")
        for file in (folder / "metrics").glob("*.*"):
            file.unlink()
        return replace(done, problem=error.message)
    return done


def _write_state(folder: Path, done: DataDone) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    state: dict[str, Any] = {
        "records": done.records,
        "problem": done.problem,
        "coverage": [asdict(each) for each in done.coverages],
    }
    (folder / "state.json").write_bytes(canonical_json(state) + b"\n")


def _lay_out(study: Study, out: Path, done: Sequence[DataDone], show: Show) -> None:
    """Make the joint layouts of which something changed."""
    from matterzoo_harness.studies.layouts import lay_out

    keys = {each.data.name: {c.model: c.header.get("key") for c in each.coverages if c.ok} for each in done}
    steps = Steps(out)
    for layout in study.layouts:
        folders = {name: out / name for name in layout.data if layout.model in keys.get(name, {})}
        key = sha256_of(
            {"epoch": EPOCH, "layout": layout.model_dump(mode="json"),
             "files": {name: keys[name][layout.model] for name in folders}}
        )  # fmt: skip
        name = f"layout-{layout.key}"
        file = out / "layouts" / f"{layout.key}.parquet"
        if steps.done(name, key):
            continue
        show.say(f"layout: {layout.model} on {', '.join(folders) or 'nothing'}")
        with steps.doing(name, key):
            table: list[dict[str, Any]] = []
            try:
                table = lay_out(layout, folders)
            except MatterzooError as error:
                show.say(f"layout: {layout.model}: {error.message}")
            _write_table(table, file)


def _write_table(table: list[dict[str, Any]], file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file.unlink(missing_ok=True)
    if table:
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(table), file)
