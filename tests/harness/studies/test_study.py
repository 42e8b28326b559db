"""A study is declared strictly, drawn by a seed that is kept, carried out once, and forecast from what was measured."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from host_runtime import HostRuntime
from made_study import records_of

from matterzoo_harness.embedding import Request
from matterzoo_harness.plan import Choices
from matterzoo_harness.studies.estimate import forecast
from matterzoo_harness.studies.find import find_study, studies
from matterzoo_harness.studies.measuring import fitted
from matterzoo_harness.studies.run import run_study
from matterzoo_harness.studies.sampling import draw, repeats
from matterzoo_harness.studies.schema import DataSet, Study
from matterzoo_harness.studies.steps import Steps
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.views import Structure

CRYSTALS = DataSet(name="crystals", title="Crystals", source="sample:crystals", records=40, seed=3)


def declared(**changes: Any) -> Study:
    content: dict[str, Any] = {
        "id": "small", "title": "Small", "question": "Does it run?",
        "data": [{"name": "oxides", "title": "Oxides", "source": "oxides.safetensors", "records": 40}],
        "models": [{"id": "trivial"}, {"id": "witness"}, {"id": "no-such-model"}, {"name": "Not there yet"}],
        "measures": {"metrics": ["cknna"], "k": [5, 1000], "permutations": 0, "against_n": False, "seeds": []},
    }  # fmt: skip
    return Study.model_validate({**content, **changes})


class Silent:
    """Shows nothing, and remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    @contextmanager
    def embedding(self, data: str, models: int, records: int) -> Any:
        yield lambda notice: self.said.append(f"{notice.model}: {notice.kind}")

    @contextmanager
    def measuring(self, data: str) -> Any:
        yield lambda name, done, total: None


def test_every_study_that_travels_with_the_package_is_valid() -> None:
    assert {"quick", "universal"} <= set(studies())
    for name in studies():
        assert find_study(name)[0].id == name


def test_the_papers_study_has_its_rows_sizes_and_neighbour_counts() -> None:
    from matterzoo.catalogue import find

    study, _ = find_study("universal")
    assert len(study.models) == 59
    assert {find(str(row.id)).id for row in study.models} == {row.id for row in study.models}
    compared = {data.name: data.records for data in study.data if data.compare}
    assert compared == dict.fromkeys(("qm9", "omat24", "salex", "omol25", "rcsb"), 50_000)
    assert {data.name: data.records for data in study.data if not data.compare} == dict.fromkeys(
        ("omat24-large", "omol25-large"), 150_000
    )
    assert {layout.key: layout.records for layout in study.layouts} == {"joint": 15_000, "out-of-distribution": 150_000}
    measures = study.measures
    assert measures.energy_records == 1000
    assert measures.k[0] == 25, "the paper's k stands first: pictures and words rest on it"
    assert set(measures.k) == {2, 25, 50, 100, 1000, 2500}
    assert set(measures.imbalance_k) >= {50, 200, 500}


def test_each_task_of_a_model_is_the_papers_on_each_data_set() -> None:
    study, _ = find_study("universal")
    for row in study.models:
        if row.group == "UMA":
            tasks = {data: chosen["task"] for data, chosen in row.options.items()}
            assert tasks == {"omat24": "omat", "salex": "omat", "qm9": "omol", "omol25": "omol", "rcsb": "omol"}


def test_a_study_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(MatterzooError) as refused:
        find_study("qick")
    assert refused.value.code == ExitCode.INPUT_MISSING
    assert "quick" in refused.value.hint


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"models": [{"id": "trivial"}, {"id": "trivial"}]}, "model trivial stands twice"),
        ({"models": [{"id": "trivial", "data": ["moon"]}]}, "there is no data set 'moon'"),
        ({"models": [{}]}, "a model needs an id or a name"),
        ({"measures": {"preset": "ours"}}, "there is no preset 'ours'"),
        ({"measures": {"metrics": ["likeness"]}}, "there is no metric 'likeness'"),
        ({"layouts": [{"model": "mace", "data": ["oxides"]}]}, "the layout's model 'mace' is not in this study"),
        ({"colour": "blue"}, "Extra inputs are not permitted"),
    ],
)
def test_a_contradiction_is_refused_by_name(tmp_path: Path, changes: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        declared(**changes)


def test_the_same_seed_draws_the_same_records_and_keeps_their_ids(tmp_path: Path) -> None:
    first, again = draw(CRYSTALS, tmp_path / "a"), draw(CRYSTALS, tmp_path / "b")
    other = draw(CRYSTALS.model_copy(update={"seed": 4}), tmp_path / "c")
    assert first.available == 226
    assert len(first.result.records) == 40
    assert list(first.result.records.ids) == list(again.result.records.ids) != list(other.result.records.ids)
    kept = (tmp_path / "a" / "ids.txt").read_text("utf-8").splitlines()
    assert kept[1:] == list(first.result.records.ids)


def test_kept_ids_are_taken_whatever_the_seed_would_draw(tmp_path: Path) -> None:
    draw(CRYSTALS, tmp_path)
    file = tmp_path / "ids.txt"
    head, *ids = file.read_text("utf-8").splitlines()
    file.write_text("\n".join([head, *reversed(ids)]) + "\n", "utf-8")
    assert list(draw(CRYSTALS, tmp_path).result.records.ids) == ids[::-1]
    file.write_text("\n".join([head, "unobtainium", *ids]) + "\n", "utf-8")
    with pytest.raises(MatterzooError, match="1 ids are not in sample:crystals, such as unobtainium"):
        draw(CRYSTALS, tmp_path)


def test_repeats_are_found_by_content_and_not_by_name() -> None:
    def carbon(name: str, x: float) -> Sample:
        return Sample(name, {"atoms": Structure(np.array([6], np.uint8), np.array([[x, 0.0, 0.0]]))}, {})

    assert repeats(Records.of([carbon("a", 0.0), carbon("b", 1e-9), carbon("c", 0.0), carbon("d", 0.0)])) == 2


def test_neighbour_counts_that_few_records_cannot_answer_are_left_out_and_named() -> None:
    from matterzoo_harness.metrics.presets import PRESETS

    preset, notes = fitted(PRESETS["paper"].with_(k=(25, 2500)), 100)
    assert preset.k == (25,)
    assert preset.imbalance_k == (1, 50)
    assert any("k = 2500 left out" in note for note in notes)


def test_a_step_is_done_under_its_key_alone_and_not_if_it_failed(tmp_path: Path) -> None:
    steps = Steps(tmp_path)
    with steps.doing("metrics", "a", models=2):
        pass
    with pytest.raises(RuntimeError), steps.doing("layout", "a"):
        raise RuntimeError
    assert steps.done("metrics", "a")
    assert not steps.done("metrics", "b")
    assert not steps.done("layout", "a")
    assert steps.read("metrics")["models"] == 2


@pytest.fixture
def runtime(private_zoo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> HostRuntime:
    """Real workers in this interpreter, so that no environment has to be made first; and sixty records."""
    import matterzoo_harness.embedding as embedding

    records_of(60).write(tmp_path / "oxides.safetensors")
    monkeypatch.chdir(tmp_path)

    host = HostRuntime()
    monkeypatch.setattr(embedding, "runtime_for", lambda _: host)
    monkeypatch.setattr(embedding, "fetch_model", lambda *_: None)
    monkeypatch.setattr(embedding, "fetch_base", lambda *_: None)
    return host


def test_a_study_runs_once_and_a_model_that_is_missing_costs_the_others_nothing(
    tmp_path: Path, runtime: HostRuntime
) -> None:
    from matterzoo.catalogue import find

    request = Request(tmp_path, "venv", "cpu", Choices(threads=1))
    (done,) = run_study(declared(), tmp_path, find, request, Silent())
    covered = {each.model: each for each in done.coverages}
    assert covered["trivial"].ok == covered["trivial"].records == 40
    assert covered["trivial"].compared
    assert "there is no model 'no-such-model'" in covered["no-such-model"].problem
    assert covered["Not there yet"].problem == "the zoo has no such model yet"
    assert not done.problem
    before = len(runtime.started)
    metrics = (tmp_path / "oxides" / "metrics" / "comparison.json").stat().st_mtime_ns

    show = Silent()
    (again,) = run_study(declared(), tmp_path, find, request, show)
    assert again.skipped
    assert len(runtime.started) == before, "nothing is embedded twice"
    assert (tmp_path / "oxides" / "metrics" / "comparison.json").stat().st_mtime_ns == metrics
    assert "oxides: compared before, nothing changed" in show.said

    measures = {"metrics": ["cknna", "mutual_knn"], "k": [5], "permutations": 0, "against_n": False, "seeds": []}
    (changed,) = run_study(declared(measures=measures), tmp_path, find, request, Silent())
    assert not changed.skipped
    assert len(runtime.started) == before, "another metric needs no new embedding"


def test_a_forecast_names_what_is_missing_and_rests_on_what_was_measured(tmp_path: Path, runtime: HostRuntime) -> None:
    from matterzoo.catalogue import find

    run_study(declared(), tmp_path, find, Request(tmp_path, "venv", "cpu", Choices(threads=1)), Silent())
    works, (comparing,) = forecast(declared(), tmp_path, find, {"oxides": 40})
    states = {work.model: work.state for work in works}
    assert states == {"trivial": "done", "witness": "done", "no-such-model": "missing", "Not there yet": "missing"}
    assert comparing.state == "done"
    larger = declared(data=[{**declared().data[0].model_dump(), "records": None}])
    (work, *_), (comparing,) = forecast(larger, tmp_path, find, {"oxides": 60})
    assert work.state == "to do"
    assert work.seconds is not None
    assert "records a second on oxides" in work.basis
    assert comparing.seconds is not None
    assert comparing.seconds > Steps(tmp_path / "oxides").read("metrics")["seconds"]
