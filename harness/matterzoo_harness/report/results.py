"""The results of a study as the report reads them: from its folder, whatever is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matterzoo_harness.metrics.result import Comparison
from matterzoo_harness.model import Model
from matterzoo_harness.studies.coverage import Coverage
from matterzoo_harness.studies.rates import Rate, read_rates
from matterzoo_harness.studies.schema import DataSet, Study
from matterzoo_harness.studies.steps import Steps
from matterzoo_schemas.exit_codes import MatterzooError

Table = list[dict[str, Any]]


@dataclass(frozen=True)
class Facts:
    """What the catalogue says of one model of the study.

    Parameters
    ----------
    id, name, group
        As the study calls it; `group` is its block in condensed matrices.
    card
        The card and what `lock.json` measured, JSON-able; empty for a model that the zoo lacks.
    known
        Whether the zoo has it.
    """

    id: str
    name: str
    group: str
    card: Mapping[str, Any] = field(default_factory=dict)
    known: bool = True

    @property
    def parameters(self) -> int | None:
        """How many parameters its authors state."""
        value = (self.card.get("training") or {}).get("parameters")
        return None if value is None else int(value)

    @property
    def untrained(self) -> bool:
        """Whether nothing of it was trained: random weights, a descriptor, noise."""
        return bool(self.card) and self.card["checkpoint"]["source"] == "none"


@dataclass(frozen=True)
class DataResults:
    """What is known on one data set.

    Parameters
    ----------
    data, records, problem
        Which, how many, and why nothing was compared; empty if something was.
    coverages
        By model, in the study's order.
    comparison
        All pairs of those that were compared.
    growth, spread, energies, energy_pairs
        Long tables: alignment on nested halves, dimensions on random halves, energy errors, and how far every two
        models' energies differ.
    sample
        Identity, how many records the source has, how many repeat another one.
    rates
        Measured seconds, by model.
    """

    data: DataSet
    records: int = 0
    problem: str = ""
    coverages: Mapping[str, Coverage] = field(default_factory=dict)
    comparison: Comparison | None = None
    growth: Table = field(default_factory=list)
    spread: Table = field(default_factory=list)
    energies: Table = field(default_factory=list)
    energy_pairs: Table = field(default_factory=list)
    sample: Mapping[str, Any] = field(default_factory=dict)
    rates: Mapping[str, Rate] = field(default_factory=dict)


@dataclass(frozen=True)
class Results:
    """A study and all that came of it.

    Parameters
    ----------
    study
        What was asked.
    data
        In the study's order.
    facts
        By model, in the study's order.
    layouts
        Joint layouts by key.
    """

    study: Study
    data: tuple[DataResults, ...]
    facts: Mapping[str, Facts]
    layouts: Mapping[str, Table] = field(default_factory=dict)

    @property
    def compared(self) -> list[DataResults]:
        """The data sets with a comparison of at least two models."""
        return [each for each in self.data if each.comparison is not None and len(each.comparison.names) > 1]


def read_results(study: Study, folder: Path, find: Callable[[str], Model]) -> Results:
    """Read whatever of a study is there.

    Parameters
    ----------
    study, folder
        Which, and where its results are.
    find
        From an id to the model; a `MatterzooError` is a model that the zoo lacks.
    """
    facts = {}
    for row in study.models:
        name = row.id or row.label
        facts[name] = _facts(name, row.name, row.group, find)
    layouts = {each.key: _table(folder / "layouts" / f"{each.key}.parquet") for each in study.layouts}
    return Results(study, tuple(_data(data, folder / data.name) for data in study.data), facts, layouts)


def _facts(model_id: str, name: str | None, group: str | None, find: Callable[[str], Model]) -> Facts:
    try:
        model = find(model_id)
    except MatterzooError:
        return Facts(model_id, name or model_id, group or "not in the zoo", known=False)
    card = {**model.resolved_card, "lock": model.lock.model_dump(mode="json")}
    return Facts(model_id, name or model.card.name, group or model.card.family, card)


def _data(data: DataSet, folder: Path) -> DataResults:
    try:
        state = json.loads((folder / "state.json").read_bytes())
    except (OSError, ValueError):
        return DataResults(data, problem="this data set was not run yet")
    coverages = {each["model"]: Coverage(**each) for each in state["coverage"]}
    metrics = folder / "metrics"
    comparison = None
    if not state["problem"] and (metrics / "comparison.json").is_file():
        comparison = Comparison.from_folder(metrics)
    rates = {rate.model: rate for rate in read_rates(folder / "runs")}
    return DataResults(
        data,
        int(state["records"]),
        str(state["problem"]),
        coverages,
        comparison,
        _table(metrics / "growth.parquet"),
        _table(metrics / "spread.parquet"),
        _table(metrics / "energies.parquet"),
        _table(metrics / "energy_pairs.parquet"),
        Steps(folder).read("sample"),
        rates,
    )


def _table(file: Path) -> Table:
    if not file.is_file():
        return []
    import pyarrow.parquet as pq

    table: Table = pq.read_table(file).to_pylist()
    return table
