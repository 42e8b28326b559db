"""Mock models of grids: a good one, and for every rule of theirs one that breaks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from matterzoo_adapters.base import Embedding, GridAdapter, GridBatch, Setup
from matterzoo_schemas.fields import wanted_fields
from matterzoo_schemas.views import Grid

DIM, PATCH = 6, 2
GRID_CARD: dict[str, Any] = {
    "view": "grid",
    "checkpoint": {"source": "package"},
    "embedding": {"layers": [{"name": "last", "level": "node", "dim": DIM, "symmetry": "none"}]},
    "domain": {
        "elements": None, "periodic": True, "non_periodic": True, "max_nodes": None,
        "grid": {
            "latitudes": 6, "longitudes": 12, "poles": True, "surface": ["2m_temperature"], "upper": ["geopotential"],
            "levels": [500], "static": ["land_sea_mask"], "hours": [-6, 0],
        },
    },
    "energy": {"available": False},
    "tolerances": {"repeat": 0.0, "batch": 1e-5, "symmetry": 1e-4, "golden": 1e-4},
}  # fmt: skip


class GoodGrid(GridAdapter):
    """One vector a patch of 2 × 2 cells, from the fields that it wants."""

    backend = "none"

    def __init__(self, setup: Setup, device: Any) -> None:
        super().__init__(setup, device)
        domain = setup.card["domain"]["grid"]
        self.wanted = wanted_fields(domain) if domain else []

    def load(self) -> None:
        rng = np.random.default_rng([1, self.setup.seed] if self.setup.random_weights else 0)
        self.matrix = rng.standard_normal((8, DIM))

    def weights(self) -> Mapping[str, np.ndarray]:
        return {"matrix": self.matrix}

    def embed(self, batch: GridBatch) -> Embedding:
        pieces = [self.nodes(values) for values in self.values(batch)]
        areas = [np.cos(np.radians(grid.latitude)) + 0.1 for grid in batch.grids]
        columns = [len(grid.longitude) for grid in batch.grids]
        cells = [np.add.outer(np.arange(0, len(a), PATCH) * n, np.arange(0, n, PATCH)).ravel()
                 for a, n in zip(areas, columns, strict=True)]  # fmt: skip
        weights = [np.repeat(a[::PATCH], n // PATCH) for a, n in zip(areas, columns, strict=True)]
        offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])])
        return Embedding(
            {"last": np.concatenate(pieces)}, None, offsets, np.concatenate(cells), weights=np.concatenate(weights)
        )

    def values(self, batch: GridBatch) -> list[np.ndarray]:
        return list(batch.stacked(self.wanted))

    def nodes(self, values: np.ndarray) -> np.ndarray:
        fields, rows, columns = values.shape
        patches = values.reshape(fields, rows // PATCH, PATCH, columns // PATCH, PATCH).mean(axis=(2, 4))
        scaled = np.arcsinh(patches.reshape(fields, -1).T.astype(np.float64))
        return scaled @ self.matrix[:fields]


class LooksFieldsUp(GoodGrid):
    """Its card does not say which fields it needs."""

    def values(self, batch: GridBatch) -> list[np.ndarray]:
        names = [{str(field): row for row, field in enumerate(grid.fields)} for grid in batch.grids]
        return [g.values[[n["2m_temperature"]]] for g, n in zip(batch.grids, names, strict=True)]


class TakesWhatStandsFirst(GoodGrid):
    def values(self, batch: GridBatch) -> list[np.ndarray]:
        return [np.nan_to_num(grid.values[:2]) for grid in batch.grids]


class TakesRowsAsTheyLie(GoodGrid):
    def values(self, batch: GridBatch) -> list[np.ndarray]:
        whole: list[Grid] = [batch.records.views["grid"][row] for row in range(len(batch))]
        return [grid.values for grid in whole]


class SeesLongitude(GoodGrid):
    def nodes(self, values: np.ndarray) -> np.ndarray:
        return super().nodes(values * np.linspace(0.5, 1.5, values.shape[2]))


BAD_GRIDS: dict[str, list[type[GridAdapter]]] = {
    "missing-field": [LooksFieldsUp],
    "other-field": [TakesWhatStandsFirst],
    "latitude-order": [TakesRowsAsTheyLie],
    "longitude-turn": [SeesLongitude],
}
"""For every rule of grids the models that it rejects."""


def grid_card(kind: type[GridAdapter]) -> dict[str, Any]:
    """The mock's card."""
    domain: dict[str, Any] = {**GRID_CARD["domain"], **({"grid": None} if kind is LooksFieldsUp else {})}
    return GRID_CARD | {"domain": domain}
