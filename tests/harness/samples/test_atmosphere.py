"""The analytic atmosphere is one: winds, heights and temperatures are in balance, and nothing is out of bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from matterzoo_harness.samples.atmosphere import GAS, RADIUS, ROTATION, Atmosphere
from matterzoo_harness.samples.grids import HOURS, LEVELS, samples, states
from matterzoo_schemas.fields import UNITS, axes_of

LATITUDE, LONGITUDE = axes_of({"latitudes": 361, "longitudes": 72, "poles": True})
NORTH = np.radians(LATITUDE)
STILL = replace(states()[0], streamfunction=0.0)
"""Without a wave there are the jets alone, whose balance is exact."""


def latitude_slope(field: np.ndarray) -> np.ndarray:
    return np.gradient(field, NORTH, axis=0)


@pytest.mark.parametrize("level", [50.0, 250.0, 500.0, 1000.0])
def test_jets_are_in_gradient_wind_balance(level: float) -> None:
    fields = Atmosphere(STILL, LATITUDE, LONGITUDE).upper(level)
    wind, inner = fields["u_component_of_wind"], slice(8, -8)
    needed = -(2 * ROTATION * RADIUS * np.sin(NORTH[:, None]) * wind + wind**2 * np.tan(NORTH[:, None]))
    found = latitude_slope(fields["geopotential"])
    assert np.abs(found - needed)[inner].max() < 0.005 * np.abs(needed[inner]).max()
    assert not fields["v_component_of_wind"].any()


@pytest.mark.parametrize("state", states()[::6], ids=lambda state: f"{state.waves} waves")
def test_geopotential_and_temperature_are_hydrostatic(state) -> None:
    level, step = 400.0, 1e-3
    air = Atmosphere(state, LATITUDE, LONGITUDE)
    above, below = (air.upper(level * np.exp(side * step))["geopotential"] for side in (-1, 1))
    np.testing.assert_allclose((above - below) / (2 * step * GAS), air.upper(level)["temperature"], rtol=1e-5)


def test_the_wave_brings_no_air_and_goes_eastwards() -> None:
    state = replace(states()[3], jets=())
    now, later = (Atmosphere(state, LATITUDE, LONGITUDE, hours).upper(300.0) for hours in (0, 6 * 48))
    cosine = np.cos(NORTH)[:, None]
    east = np.gradient(now["u_component_of_wind"], np.radians(LONGITUDE), axis=1)
    divergence = (east + latitude_slope(now["v_component_of_wind"] * cosine))[8:-8, 1:-1]
    assert np.abs(divergence).max() < 0.05 * np.abs(east).max()
    degrees = state.speed * 12  # twelve days
    moved = np.roll(now["geopotential"], round(degrees / 5), axis=1)
    np.testing.assert_allclose(later["geopotential"], moved, rtol=1e-6)


def test_every_state_has_every_field_in_its_unit_within_what_the_earth_has() -> None:
    for sample in samples(24, 19, 36, poles=True):
        grid = sample.views["grid"]
        assert len(grid.fields) == len(HOURS) * (6 + 7 * len(LEVELS)) + 4
        assert {(field.name, field.units) for field in grid.fields} <= set(UNITS.items())
        for field, values in zip(grid.fields, grid.values, strict=True):
            least, most = {
                "temperature": (180, 320), "2m_temperature": (220, 320), "relative_humidity": (0, 100),
                "specific_humidity": (0, 0.03), "mean_sea_level_pressure": (93e3, 107e3), "land_sea_mask": (0, 1),
                "u_component_of_wind": (-60, 120), "v_component_of_wind": (-60, 60), "soil_type": (0, 7),
            }.get(field.name, (-np.inf, np.inf))  # fmt: skip
            assert least <= values.min(), field
            assert values.max() <= most, field


def test_at_a_pole_a_field_has_one_value_and_the_sun_stands_high_in_summer() -> None:
    winter, summer = states()[0], states()[12]
    for name, values in Atmosphere(winter, LATITUDE, LONGITUDE).upper(500.0).items():
        if name not in ("u_component_of_wind", "v_component_of_wind"):
            assert np.ptp(values[[0, -1]], axis=1).max() < 1e-6 * max(np.abs(values).max(), 1), name
    sun = [
        Atmosphere(s, LATITUDE, LONGITUDE).surface()["toa_incident_solar_radiation"][0].max() for s in (winter, summer)
    ]
    assert sun[0] == 0
    assert sun[1] > 1e6
