"""Measure models of grids in their own environment: `python grids.py given.json answer.json`.

Given one setup, the model as it stands; given a list of them, each saved as its authors save it and loaded as trained.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import references
from asking import Asked, deviation, load, measured

from matterzoo_adapters.base import GridBatch, Setup
from matterzoo_adapters.conformance.fields import grids
from matterzoo_adapters.worker.loading import fingerprint
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.views import Grid

SMALL = {"latitudes": 32, "longitudes": 64, "poles": False}
"""What a model that would take any grid is asked about, so that it takes no time."""


def grid_batch(given: list[Grid]) -> GridBatch:
    """Return grids as the worker would hand them to an adapter."""
    return GridBatch(Records.of(Sample(f"{row}", {"grid": grid}) for row, grid in enumerate(given)), "grid")


def with_other_land(grid: Grid) -> Grid:
    """Return a grid on which the fields that never change are others."""
    values = grid.values.copy()
    for row, field in enumerate(grid.fields):
        values[row] = values[row, :, ::-1] if field.time is None else values[row]
    return Grid(values, grid.latitude, grid.longitude, grid.variables)


def measure(setup: Setup) -> dict[str, Any]:
    """Return every measurement by name."""
    given = list(grids(setup.card["domain"]["grid"]).values())
    given.append(with_other_land(given[0]))
    return measured(setup, load(setup), grid_batch(given), given)


def saved(setup: Setup) -> dict[str, Any]:
    """Compare the adapter, given the saved file, with the model that was saved and with the package's own loader."""
    family = references.of(setup.card["family"])
    assert family is not None
    card = {**setup.card, "domain": {**setup.card["domain"], "grid": {**setup.card["domain"]["grid"], **SMALL}}}
    setup = replace(setup, card=card)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights"
        before = load(replace(setup, card={**card, "checkpoint": {**card["checkpoint"], "source": "none"}}), seed=7)
        family.save(before, path)
        after = load(replace(setup, weights=str(path)))
        reference = family.reference(family.reloaded(after, path))
    grid = next(iter(grids(card["domain"]["grid"]).values()))
    vectors, _ = Asked(after).embed(grid_batch([grid]))
    kept = fingerprint(before.weights())[0] == fingerprint(after.weights())[0]
    return {"kept": kept, "vectors": deviation(vectors[0], reference(grid)), "finite": bool(np.isfinite(vectors).all())}


if __name__ == "__main__":
    content = json.loads(Path(sys.argv[1]).read_text())
    answer: Any
    if isinstance(content, list):
        answer = {one["model"]: saved(Setup(**one)) for one in content}
    else:
        answer = measure(Setup(**content))
    Path(sys.argv[2]).write_text(json.dumps(answer))
