"""Which images a week's test runs build."""

from __future__ import annotations

import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from made_wheels import make_wheel, pin
from rotation import BASE_BYTES, NAMED, image_bytes, in_turn, models_of_the_week

from matterzoo_harness.environments.lockfile import parse_lock
from matterzoo_harness.environments.wheels import Wheel

NAMES = ["a", "b", "c", "d", "e"]
MONDAY = date(2026, 11, 16)


def chosen(day: date) -> tuple[str, ...]:
    return tuple(in_turn(NAMES, day, 2)[:2])


@pytest.mark.parametrize("monday", [MONDAY, date(2026, 12, 28)])
def test_all_days_of_an_iso_week_choose_the_same_and_the_next_week_goes_on(monday: date) -> None:
    days = [monday + timedelta(days) for days in range(8)]
    assert len({day.isocalendar()[:2] for day in days[:7]}) == 1
    assert len({chosen(day) for day in days[:7]}) == 1
    assert in_turn(NAMES, monday, 2)[2:4] == list(chosen(days[7]))


def test_everything_has_its_turn() -> None:
    weeks = [MONDAY + timedelta(7 * week) for week in range(3)]
    assert {name for week in weeks for name in chosen(week)} == set(NAMES)


def test_an_image_holds_what_its_wheels_unpack_to_and_bytecode_besides(tmp_path: Path) -> None:
    file, sha256 = make_wheel(tmp_path, "one", "1.0", content="x = 1\n" * 3000)
    unpacked = sum(member.file_size for member in zipfile.ZipFile(file).infolist())
    size = image_bytes([Wheel(parse_lock(pin("one", "1.0", sha256), "test")[0], sha256, file)]) - BASE_BYTES
    assert size == pytest.approx(unpacked + 4 / 3 * 18000)


def test_a_failure_can_be_repeated_in_any_week(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMED, "mace-random,composition")
    assert [model.id for model in models_of_the_week(2, MONDAY)] == ["mace-random", "composition"]
