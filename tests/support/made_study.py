"""A small study on disk, as `matterzoo study run` leaves it, with embeddings that the test makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matterzoo_harness.report.results import Results, read_results
from matterzoo_harness.studies.coverage import Coverage, coverage_of, link_compared
from matterzoo_harness.studies.measuring import measure
from matterzoo_harness.studies.rates import Rate
from matterzoo_harness.studies.schema import DataSet, Row, Study
from matterzoo_harness.studies.steps import Steps
from matterzoo_schemas.canonical import canonical_json
from matterzoo_schemas.columns import Strings
from matterzoo_schemas.exit_codes import MatterzooError
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.shard import Embeddings, Layer, Status
from matterzoo_schemas.views import Structure

TRAINED = ("chgnet-0.3.0", "chgnet-0.2.0", "sevennet-0", "sevennet-l3i5")
UNTRAINED = ("chgnet-random", "random-gaussian")
METRICS = ("cknna", "mutual_knn", "dcor_sqr_unbiased", "information_imbalance", "id_correlation", "id_twonn", "id_mle")


def study(
    models: tuple[str, ...] = (*TRAINED, *UNTRAINED), data: tuple[str, ...] = ("in", "out"), **more: Any
) -> Study:
    """Declare a study; its numbers are cheap."""
    content = {
        "id": "made",
        "title": "Made",
        "question": "Does anybody agree?",
        "data": [{"name": name, "title": name.title(), "source": "sample:crystals", "role": name} for name in data],
        "models": [{"id": name} for name in models],
        "measures": {"metrics": METRICS, "k": (5, 2, 10), "imbalance_k": (1, 5), "permutations": 19, "subsample": 80},
    }
    return Study.model_validate({**content, **more})


def records_of(count: int) -> Records:
    """Make carbon monoxide of many lengths, with an energy."""
    lengths = np.linspace(1.0, 2.0, count)
    return Records.of(
        Sample(
            f"co-{n}",
            {"atoms": Structure(np.array([6, 8], np.uint8), np.array([[0.0, 0, 0], [0, 0, length]]))},
            {"energy": float((length - 1.4) ** 2)},
        )
        for n, length in enumerate(lengths)
    )


def vectors(model: str, count: int, seed: int) -> NDArray[np.float32]:
    """Make vectors [count, 16]: trained models share a latent, a family more of it; untrained ones are noise."""
    own = np.random.default_rng([seed, sum(map(ord, model))])
    if model in UNTRAINED:
        return own.standard_normal((count, 16)).astype(np.float32)
    latent = np.random.default_rng(seed).standard_normal((count, 4))
    family = np.random.default_rng([seed, sum(map(ord, model.partition("-")[0]))]).standard_normal((count, 2))
    whole = np.hstack([latent, family]) @ own.standard_normal((6, 16))
    return np.asarray(np.tanh(whole / 3) + 0.05 * own.standard_normal((count, 16)), np.float32)


def made(
    folder: Path, declared: Study, *, count: int = 120, failing: Mapping[tuple[str, str], float] | None = None
) -> Results:
    """Write what a run of the study would leave, and read it back.

    Parameters
    ----------
    folder
        Of the study.
    declared
        Which.
    count
        Records of each data set.
    failing
        The share of records that fail, by (data set, model); 1 is all of them.
    """
    for seed, data in enumerate(declared.data):
        _data_set(folder / data.name, declared, data, records_of(count), seed, failing or {})
    return read_results(declared, folder, find)


def find(model_id: str) -> Any:
    """Find a model in the catalogue."""
    from matterzoo import catalogue

    return catalogue.find(model_id)


def _data_set(
    folder: Path, declared: Study, data: DataSet, records: Records, seed: int, failing: Mapping[tuple[str, str], float]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    records.write(folder / "records.safetensors")
    coverages = [_embedded(folder, row, declared, data, records, seed, failing) for row in declared.rows_for(data)]
    link_compared(folder, coverages)
    problem = ""
    if any(each.compared for each in coverages):
        try:
            measure(folder, declared.measures, folder / "records.safetensors", device="cpu", progress=None)
        except MatterzooError as error:
            problem = error.message
    else:
        problem = "no model has enough vectors to be compared"
    state = {"records": len(records), "problem": problem, "coverage": [asdict(each) for each in coverages]}
    (folder / "state.json").write_bytes(canonical_json(state))
    Steps(folder).note("sample", {"key": records.identity, "available": len(records), "repeats": 0})


def _embedded(
    folder: Path, row: Row, declared: Study, data: DataSet, records: Records, seed: int,
    failing: Mapping[tuple[str, str], float],
) -> Coverage:  # fmt: skip
    name = row.id or row.label
    try:
        find(name)
    except MatterzooError as error:
        return Coverage(name, len(records), problem=error.message)
    count = len(records)
    lost = np.arange(count) < round(count * failing.get((data.name, name), 0.0))
    values = vectors(name, count, seed)
    values[lost] = np.nan
    energy = np.asarray(records.labels["energy"]) + 0.01 * values[:, 0]
    header = {
        "model": name, "records": records.identity, "key": f"{len(name):064d}", "random_weights": name.endswith("random"),
        "made_of": {"checkpoint": "c" * 64, "lock": "1" * 64, "adapter": "a" * 64, "device": "cpu"},
    }  # fmt: skip
    Embeddings(
        records.ids,
        {"final": Layer(values)},
        np.where(lost, Status.UNSUPPORTED, Status.OK).astype(np.uint8),
        Strings.pack(["element 6 is not known" if bad else "" for bad in lost]),
        energy,
        None,
        header,
    ).write(folder / f"{name}.safetensors")
    runs = folder / "runs"
    runs.mkdir(exist_ok=True)
    rate = Rate(name, data.name, count, 0.5 + 0.1 * len(name), 1.0, "venv", "cpu", 2, 1000)
    (runs / f"{name}.{data.name}.run.json").write_bytes(canonical_json(asdict(rate)))
    return coverage_of(name, folder / f"{name}.safetensors", count, declared.measures.least_coverage)
