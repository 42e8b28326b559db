"""An analytic atmosphere: smooth states whose winds, heights and temperatures are in balance.

Jets that depend on latitude and pressure as U(φ) V(p) are in exact gradient-wind balance with the geopotential, and the
temperature follows from it by the hydrostatic equation; on them rides a Rossby–Haurwitz wave, non-divergent, with the
geopotential of linear balance (Φ' = f ψ). Humidity, rain and what lies at the surface are plausible and no more.

References
----------
Holton and Hakim, An Introduction to Dynamic Meteorology (balances); Haurwitz, J. Mar. Res. 1940, 3, 254 (the wave);
Bolton, Mon. Weather Rev. 1980, 108, 1046 (saturation vapour pressure).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
RADIUS, ROTATION, GAS, GRAVITY = 6.371e6, 7.292e-5, 287.05, 9.80665
"""Of the Earth in m and rad/s; of dry air in J/(kg K); in m/s²."""
SURFACE_PRESSURE = 1000.0
"""Of the lowest level in hPa."""
JET_LEVEL, JET_DEPTH = 200.0, 1.3
WAVE_LEVEL, WAVE_DEPTH = 300.0, 1.2
"""Where jets and waves are strongest, in hPa, and how far they reach, in ln p."""
COLD, WARM, SHAPE, GROUND = 170.0, 130.0, 0.5, 900.0
"""Equator: T = COLD + WARM (p / 1000 hPa)^SHAPE in K, on a height of the 1000 hPa level of GROUND / g."""
SUN = 1361.0
"""Solar constant in W/m²."""


@dataclass(frozen=True)
class State:
    """One state.

    Parameters
    ----------
    time
        UTC; the sun's place, and the wave's.
    jets
        Latitude and width in degrees, and speed in m/s, of each jet.
    waves, streamfunction, phase
        Number of waves around the globe, amplitude in m²/s, and phase in radians.
    speed
        How fast the wave goes eastwards, in degrees of longitude a day.
    """

    time: datetime
    jets: tuple[tuple[float, float, float], ...]
    waves: int
    streamfunction: float
    phase: float
    speed: float = 10.0


class Atmosphere:
    """A state on some points.

    Parameters
    ----------
    state
        Which.
    latitude, longitude
        Degrees north [latitudes] and east [longitudes].
    hours
        How long before (negative) the state's own time.
    """

    def __init__(self, state: State, latitude: Values, longitude: Values, hours: float = 0.0) -> None:
        self._state, self._hours = state, hours
        self._north, self._east = np.radians(latitude)[:, None], np.radians(longitude)[None]
        jets = [jet_of(state, latitude)] + [np.interp(latitude, *integral) for integral in _integrals(state)]
        self._jet, self._linear, self._square = (values[:, None] for values in jets)
        m = state.waves
        east = m * (self._east - np.radians(state.speed * hours / 24)) + state.phase
        self._crest, self._slope = np.cos(east), np.sin(east)
        sin, cos = np.sin(self._north), np.cos(self._north)
        self._shape = cos**m * sin
        self._steepness = cos ** (m + 1) - m * cos ** (m - 1) * sin**2
        self._flank = m * cos ** (m - 1) * sin

    def upper(self, level: float) -> dict[str, Values]:
        """Return the fields [latitudes, longitudes] at a pressure in hPa, by ERA5's names."""
        jet, jet_slope = _profile(level, JET_LEVEL, JET_DEPTH)
        wave, wave_slope = _profile(level, WAVE_LEVEL, WAVE_DEPTH)
        amplitude, coriolis = self._state.streamfunction, 2 * ROTATION * np.sin(self._north)
        wave_height = coriolis * amplitude * self._shape * self._crest
        ratio = level / SURFACE_PRESSURE
        height = GROUND + GAS * (-COLD * np.log(ratio) + WARM / SHAPE * (1 - ratio**SHAPE))
        temperature = (
            COLD + WARM * ratio**SHAPE
            + (jet_slope * self._linear + 2 * jet * jet_slope * self._square - wave_slope * wave_height) / GAS
        )  # fmt: skip
        rising = -0.2 * np.sin(np.pi * ratio) * wave * np.cos(self._north) ** 2 * self._slope
        relative = np.clip(ratio**0.7 * (0.35 + 0.4 * np.cos(self._north) ** 2 - rising), 0.01, 1.0)
        return {
            "geopotential": height - jet * self._linear - jet**2 * self._square + wave * wave_height,
            "temperature": temperature,
            "u_component_of_wind": jet * self._jet - wave * amplitude / RADIUS * self._steepness * self._crest,
            "v_component_of_wind": -wave * amplitude / RADIUS * self._flank * self._slope,
            "vertical_velocity": rising,
            "specific_humidity": relative * _saturated(temperature, level),
            "relative_humidity": 100 * relative,
        }

    def surface(self) -> dict[str, Values]:
        """Return the fields at the surface, by ERA5's names."""
        lowest, middle = self.upper(SURFACE_PRESSURE), self.upper(500.0)
        height = static(np.degrees(self._north[:, 0]), np.degrees(self._east[0]))["geopotential_at_surface"] / GRAVITY
        return {
            "2m_temperature": lowest["temperature"] - 0.0065 * height,
            "10m_u_component_of_wind": 0.7 * lowest["u_component_of_wind"],
            "10m_v_component_of_wind": 0.7 * lowest["v_component_of_wind"],
            "mean_sea_level_pressure": 1e5 * np.exp(lowest["geopotential"] / (GAS * lowest["temperature"])),
            "total_precipitation_6hr": np.maximum(-middle["vertical_velocity"], 0)
            * self.upper(850.0)["specific_humidity"] / GRAVITY * 6 * 3.6,
            "toa_incident_solar_radiation": SUN * 3600 * np.maximum(self._height_of_the_sun(), 0),
        }  # fmt: skip

    def _height_of_the_sun(self) -> Values:
        day = self._state.time.timetuple().tm_yday + (self._state.time.hour + self._hours) / 24
        declination = -np.radians(23.44) * np.cos(2 * np.pi * (day + 10) / 365.25)
        noon = 2 * np.pi * (day % 1 - 0.5) + self._east
        sine: Values = np.sin(self._north) * np.sin(declination) + np.cos(self._north) * np.cos(declination) * np.cos(
            noon
        )
        return sine


def static(latitude: Values, longitude: Values) -> dict[str, Values]:
    """Return what never changes: continents of no planet's in particular, on every grid the same."""
    north, east = np.radians(latitude)[:, None], np.radians(longitude)[None]
    relief = (
        0.5 * np.cos(north) * np.sin(2 * east + 0.6)
        + 0.4 * np.cos(north) ** 2 * np.cos(3 * east - 1.1) * np.sin(2 * north + 0.4)
        + 0.3 * np.cos(north) * np.cos(east - 2.0)
        - 0.5 * np.sin(north) ** 7
        + 0.1 * np.sin(north)
    )
    land = (relief > 0.05).astype(np.float64)
    mountains = 6.0e4 * np.maximum(relief - 0.1, 0) ** 2
    kinds = 1 + np.floor(5.99 * np.cos(north) ** 2 * (0.5 + 0.5 * np.cos(east)))
    return {
        "land_sea_mask": land,
        "geopotential_at_surface": mountains,
        "soil_type": land * kinds,
        "orography": mountains / GRAVITY,
    }


def jet_of(state: State, latitude: Values) -> Values:
    """Return the wind of all jets at their own level [latitudes] in m/s; none at the poles."""
    wind = sum(speed * np.exp(-(((latitude - centre) / width) ** 2)) for centre, width, speed in state.jets)
    return np.asarray(wind * np.cos(np.radians(latitude)))


def _integrals(state: State) -> tuple[tuple[Values, Values], tuple[Values, Values]]:
    """Return ∫ 2Ω a sin φ U dφ and ∫ U² tan φ dφ from the equator, each on latitudes from pole to pole."""
    latitude = np.linspace(-90, 90, 3601)
    north, wind = np.radians(latitude), jet_of(state, latitude)
    without_pole = np.where(np.abs(latitude) < 90, np.cos(north), 1.0)
    integrands = (2 * ROTATION * RADIUS * np.sin(north) * wind, wind**2 * np.sin(north) / without_pole)
    curves = []
    for values in integrands:
        steps = (values[1:] + values[:-1]) / 2 * np.diff(north)
        running = np.concatenate([[0.0], np.cumsum(steps)])
        curves.append((latitude, running - running[len(running) // 2]))
    return curves[0], curves[1]


def _profile(level: float, centre: float, depth: float) -> tuple[float, float]:
    """Return V(p) and dV / d ln p."""
    distance = float(np.log(level / centre))
    value = float(np.exp(-((distance / depth) ** 2)))
    return value, -2 * distance / depth**2 * value


def _saturated(temperature: Values, level: float) -> Values:
    """Return the specific humidity of saturated air in kg/kg, at K and hPa."""
    celsius = temperature - 273.15
    pressure = 6.112 * np.exp(17.67 * celsius / (celsius + 243.5))
    humidity: Values = 0.622 * pressure / (level - 0.378 * np.minimum(pressure, level))
    return humidity
