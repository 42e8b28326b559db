"""Sums written out: each band's share of each row, each wave's projections on cosine and sine."""

from __future__ import annotations

from typing import Any

import numpy as np

from matterzoo_schemas.views import Grid

SCALES = {"mean_sea_level_pressure": 1e3, "geopotential": 1e3, "specific_humidity": 1e-3}
"""All other fields are counted in tens."""


def reference(adapter: Any) -> Any:
    """Zonal means, or roots of mean squares of eight waves, over bands of equal area."""
    waves = type(adapter).__name__ == "ZonalWavesAdapter"
    bands = 3 if waves else 12

    def call(grid: Grid) -> np.ndarray:
        step = 180 / len(grid.latitude)
        upper, lower = (np.sin(np.radians(np.clip(grid.latitude + side * step / 2, -90, 90))) for side in (1, -1))
        edges = np.linspace(1, -1, bands + 1)
        found = []
        for place in [place for place, field in enumerate(grid.fields) if field.time is not None]:
            values = grid.values[place].astype(float) / SCALES.get(grid.fields[place].name, 10.0)
            for top, bottom in zip(edges[:-1], edges[1:], strict=True):
                share = np.clip(np.minimum(upper, top) - np.maximum(lower, bottom), 0, None) / (top - bottom)
                if not waves:
                    found.append(share @ values.mean(axis=1))
                    continue
                for number in range(1, 9):
                    angle = number * np.radians(grid.longitude)
                    square = sum((2 * (values * f(angle)).mean(axis=1)) ** 2 for f in (np.cos, np.sin))
                    found.append(np.sqrt(share @ square))
        return np.array(found)[None]

    return call
