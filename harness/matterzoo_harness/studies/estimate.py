"""What a study would do, how long it would take and how much disk it needs: from measured rates, or it says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matterzoo_harness.gather import embedding_files
from matterzoo_harness.locations import cache
from matterzoo_harness.model import Model
from matterzoo_harness.studies.rates import Rate, read_rates
from matterzoo_harness.studies.schema import DataSet, Row, Study
from matterzoo_harness.studies.steps import Steps
from matterzoo_schemas.exit_codes import MatterzooError
from matterzoo_schemas.shard import Embeddings

BYTES_A_RECORD = 64
"""Id, status, reason and energy of one record in a file of embeddings, about."""
RECORDS_POWER, MODELS_POWER = 2.07, 1.28
"""How a comparison's time grows: doubling N costs 4.2 times, doubling M 2.4 to 2.45 times (docs/metrics.md, §7)."""


@dataclass(frozen=True)
class Work:
    """One model on one data set.

    Parameters
    ----------
    state
        `done`, `to do`, or `missing` (the zoo has no such model).
    seconds, bytes
        Predicted; None where nothing was measured, or the width is not known.
    basis
        What the time is predicted from, in words.
    """

    data: str
    model: str
    state: str
    records: int | None
    seconds: float | None
    bytes: int | None
    basis: str


@dataclass(frozen=True)
class Comparing:
    """The comparison of one data set, and what is known of its time."""

    data: str
    state: str
    seconds: float | None
    basis: str


def forecast(
    study: Study, out: Path, find: Callable[[str], Model], counts: dict[str, int | None]
) -> tuple[list[Work], list[Comparing]]:
    """Predict every step of a study.

    Parameters
    ----------
    study, out, find
        As for `run_study`.
    counts
        Records by data set; None where the data set is not here, and its `records` are not told by the study.
    """
    elsewhere = read_rates(cache() / "rates")
    works, comparings = [], []
    for data in study.data:
        folder = out / data.name
        rates = [*read_rates(folder / "runs"), *elsewhere]
        try:
            there = {name: len(Embeddings.open(file)) for name, file in embedding_files(folder).items()}
        except MatterzooError:
            there = {}
        mine = [_work(row, data, find, counts.get(data.name), rates, there) for row in study.rows_for(data)]
        works += mine
        if data.compare:
            comparings.append(_comparing(data, out, counts.get(data.name), mine))
    return works, comparings


def _work(
    row: Row, data: DataSet, find: Callable[[str], Model], records: int | None, rates: list[Rate], there: dict[str, int]
) -> Work:
    name = row.id or row.label
    try:
        model = find(row.id) if row.id else None
    except MatterzooError:
        model = None
    if model is None:
        return Work(data.name, name, "missing", records, None, None, "the zoo has no such model")
    state = "done" if records is not None and there.get(model.id) == records else "to do"
    layer = next(layer for layer in model.card.embedding.layers if layer.name == model.card.embedding.default)
    size = None
    if records is not None and layer.dim is not None:
        size = records * (4 * layer.dim + BYTES_A_RECORD)
    best = _closest(rates, model.id, data.name)
    if best is None or records is None:
        return Work(data.name, model.id, state, records, None, size, "not measured yet")
    seconds = best.loading + records * best.seconds / best.records
    basis = (
        f"{best.records / max(best.seconds, 1e-9):.3g} records a second on {best.data} ({best.device}, {best.runtime})"
    )
    return Work(data.name, model.id, state, records, seconds, size, basis)


def _closest(rates: list[Rate], model: str, data: str) -> Rate | None:
    """Return this model's rate on this data set, else the one measured on most records."""
    own = [rate for rate in rates if rate.model == model]
    same = [rate for rate in own if rate.data == data]
    return max(same or own, key=lambda rate: rate.records, default=None)


def _comparing(data: DataSet, out: Path, records: int | None, works: list[Work]) -> Comparing:
    models = sum(work.state != "missing" for work in works)
    before = [Steps(folder).read("metrics") for folder in sorted(out.glob("*")) if folder.is_dir()]
    own = Steps(out / data.name).read("metrics")
    known = [own] if own else [step for step in before if step]
    if not known or records is None or not models:
        return Comparing(data.name, "to do", None, "not measured yet; `matterzoo metrics … --estimate` tries strips")
    step = max(known, key=lambda each: int(each["records"]) * int(each["models"]))
    seconds = float(step["seconds"]) * (records / int(step["records"])) ** RECORDS_POWER
    seconds *= (models / int(step["models"])) ** MODELS_POWER
    unchanged = own and all(work.state == "done" for work in works if work.state != "missing")
    basis = f"{step['models']} models, {step['records']} records took {step['seconds']} s"
    return Comparing(data.name, "done" if unchanged else "to do", seconds, basis)
