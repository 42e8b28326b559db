"""The log of a run says what is new and how far all models are, and not every step of every model."""

from __future__ import annotations

import time
from itertools import count

import pytest

from matterzoo.cli.progress import Lines, Tally, spoken
from matterzoo_harness.executors.base import Notice
from matterzoo_schemas.events import Ready


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """One second more every time that anybody looks."""
    ticks = count(100)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(ticks)))


def did(model: str, done: int, total: int = 100) -> Notice:
    return Notice(model, "progress", done=done, total=total)


def test_a_log_names_what_was_fetched_and_what_was_done_and_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    log = Lines(100, 2)
    ready = Ready("chgnet", 1, 1, [], True, "cpu", {}, 10, None, 2.5)
    for notice in (
        Notice("chgnet", "starting", text="venv, cpu"),
        Notice("chgnet", "preparing", text="fetched ase==3.29.0"),
        Notice("chgnet", "loading", text="venv"),
        Notice("chgnet", "ready", ready=ready),
        *(did("chgnet", done) for done in range(0, 100, 5)),
        Notice("chgnet", "warning", text="the worker died"),
        did("chgnet", 100),
    ):
        log(notice)
    fetched, loaded, warned, finished = capsys.readouterr().err.splitlines()
    assert fetched == "chgnet: fetched ase==3.29.0"
    assert loaded == "chgnet: loaded in 2.5 s"
    assert warned == "chgnet: the worker died"
    assert finished.startswith("chgnet: 100 records in ")


@pytest.mark.usefixtures("clock")
def test_now_and_then_a_log_says_how_far_all_models_are(capsys: pytest.CaptureFixture[str]) -> None:
    log = Lines(100, 3)
    log(did("chgnet", 0))
    log(did("chgnet", 100))
    for done in range(60):
        log(did("sevennet-0", done))
    lines = capsys.readouterr().err.splitlines()
    running = [line for line in lines if line.startswith("so far: 1 of 3 models, ")]
    assert lines[0].startswith("chgnet: 100 records in ")
    assert len(running) == len(lines) - 1
    assert 2 <= len(running) < 30, "far fewer lines than notices"
    assert " of 300 records, " in running[0]
    assert running[0].endswith(" left")


@pytest.mark.usefixtures("clock")
def test_what_was_done_before_counts_as_done_and_not_for_the_rate() -> None:
    tally = Tally(100, 2)
    tally.take(did("chgnet", 90))
    assert str(tally) == "0 of 2 models, 90 of 200 records"
    tally.take(did("chgnet", 100))
    assert tally.done == 100
    assert tally.rate < 10 / 1


def test_durations_are_said_as_people_do() -> None:
    assert [spoken(seconds) for seconds in (2, 75, 600, 9000, 400_000)] == [
        "2.0 s",
        "75 s",
        "10 min",
        "2.5 h",
        "4.6 days",
    ]
