"""States of an analytic atmosphere: winter and summer jets, waves of several numbers and strengths."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from matterzoo_harness.samples.atmosphere import Atmosphere, State, Values, static
from matterzoo_schemas.fields import UNITS, Field, axes_of, pack_fields
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.views import Grid

COUNT, SEED = 24, 20201
LEVELS = (50.0, 100.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0, 600.0, 700.0, 850.0, 925.0, 1000.0)
"""In hPa: those of WeatherBench, which the models of the zoo take."""
HOURS = (-6, 0)
DIGITS = {"specific_humidity": 9, "total_precipitation_6hr": 8, "vertical_velocity": 6, "geopotential": 1}
"""Decimals that are kept (3 of all others), so that no processor's last bit changes the sample's identity."""


def build() -> Records:
    """Return 24 states on a grid of 5.625° (32 × 64, without the poles), each with the state six hours before."""
    return Records.of(samples(COUNT, 32, 64, poles=False))


def samples(count: int, latitudes: int, longitudes: int, *, poles: bool) -> list[Sample]:
    """Return the first states on a grid; labelled with the number of waves and the speed of the northern jet."""
    latitude, longitude = axes_of({"latitudes": latitudes, "longitudes": longitudes, "poles": poles})
    return [
        Sample(
            f"{state.time:%Y-%m-%dT%H}-waves-{state.waves}",
            {"grid": grid_of(state, latitude, longitude)},
            {"waves": float(state.waves), "jet_speed": state.jets[0][2]},
        )
        for state in states()[:count]
    ]


def states() -> list[State]:
    """Return the states, fifteen days and some hours apart through a year."""
    rng = np.random.default_rng(SEED)
    made = []
    for number in range(COUNT):
        time = datetime.fromisoformat("2020-01-05T00:00") + timedelta(hours=number * 366)
        winter = np.cos(2 * np.pi * number / COUNT)  # 1 in the north's winter, -1 in the south's
        jets = tuple(
            (
                float(side * (42 - 5 * side * winter + rng.uniform(-4, 4))),
                float(rng.uniform(14, 20)),
                float(38 + 12 * side * winter + rng.uniform(-5, 5)),
            )
            for side in (1, -1)
        )
        waves, strength, phase = int(rng.integers(3, 8)), rng.uniform(0.3, 1.2), rng.uniform(0, 2 * np.pi)
        made.append(State(time, jets, waves, float(strength * 6e7), float(phase)))
    return made


def grid_of(state: State, latitude: Values, longitude: Values) -> Grid:
    """Return all fields of a state, and of six hours before."""
    fields: list[Field] = []
    values: list[Values] = []

    def add(found: dict[str, Values], level: float | None, time: str | None) -> None:
        for name, field in found.items():
            fields.append(Field(name, UNITS[name], level, time))
            values.append(np.round(field, DIGITS.get(name, 3)) + 0.0)

    for hours in HOURS:
        atmosphere = Atmosphere(state, latitude, longitude, hours)
        time = (state.time + timedelta(hours=hours)).isoformat(timespec="minutes")
        add(atmosphere.surface(), None, time)
        for level in LEVELS:
            add(atmosphere.upper(level), level, time)
    add(static(latitude, longitude), None, None)
    return Grid(np.array(values, np.float32), latitude, longitude, pack_fields(fields))
