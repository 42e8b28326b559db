"""What a climatologist would look at first: means around circles of latitude, and how much each wave number has."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matterzoo_adapters.base import Embedding, GridAdapter, GridBatch
from matterzoo_adapters.models.spheres import bands_of_equal_area
from matterzoo_schemas.fields import Wanted, axes_of, wanted_fields

BANDS, BELTS, WAVES = 12, 3, 8
SCALES = {
    "2m_temperature": 10.0, "mean_sea_level_pressure": 1e3, "10m_u_component_of_wind": 10.0,
    "10m_v_component_of_wind": 10.0, "geopotential": 1e3, "temperature": 10.0, "u_component_of_wind": 10.0,
    "v_component_of_wind": 10.0, "specific_humidity": 1e-3,
}  # fmt: skip
"""What a field is counted in, of its own unit: chosen by hand, so that no field drowns the others."""

Values = npt.NDArray[np.float64]


class ZonalMeanAdapter(GridAdapter):
    """Mean of each field over twelve bands of latitude of equal area, from north to south."""

    backend = "none"
    bands = BANDS

    def load(self) -> None:
        """Take fields and points from the card; there is nothing to learn."""
        domain = self.setup.card["domain"]["grid"]
        self.wanted = wanted_fields(domain)
        self.shares = bands_of_equal_area(axes_of(domain)[0], self.bands)

    def embed(self, batch: GridBatch) -> Embedding:
        """Return one vector a record [n, fields · 12]."""
        return Embedding({"vector": self.vectors(scaled(batch, self.wanted))}, per_record=True)

    def vectors(self, values: Values) -> Values:
        """Summarise fields [n, fields, latitudes, longitudes]."""
        means: Values = np.einsum("bl,nfl->nfb", self.shares, values.mean(axis=3))
        return means.reshape(len(values), -1)


class ZonalWavesAdapter(ZonalMeanAdapter):
    """Amplitude of the first eight waves around the globe, of each field, in the north, the tropics and the south."""

    bands = BELTS

    def vectors(self, values: Values) -> Values:
        """Return roots of mean squares, wave by wave, without the wave's phase."""
        waves = np.abs(np.fft.rfft(values, axis=3)[..., 1 : WAVES + 1]) * (2 / values.shape[3])
        squares: Values = np.einsum("bl,nflw->nfbw", self.shares, waves**2)
        return np.sqrt(squares).reshape(len(values), -1)


def scaled(batch: GridBatch, wanted: list[Wanted]) -> Values:
    """Return fields [n, fields, latitudes, longitudes], each in its own scale."""
    scales = np.array([SCALES[one.name] for one in wanted])
    fields: Values = batch.stacked(wanted) / scales[:, None, None]
    return fields
