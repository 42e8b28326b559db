"""Measure one model of backbones in its own environment: `python backbones.py setup.json answer.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from asking import load, measured

from matterzoo_adapters.base import BackboneBatch, Setup
from matterzoo_adapters.conformance import chains
from matterzoo_schemas.records import Records, Sample


def backbones() -> list[np.ndarray]:
    """Return ideal chains; one broken, one that lacks atoms, and two around the number of neighbours that models see."""
    whole = chains.chains({"max_nodes": None})
    coil = [chains.HELIX, chains.STRAND, chains.POLYPROLINE]
    longer = [chains.chain([coil[place // 6 % 3] for place in range(length)]) for length in (48, 70)]
    return [*whole.values(), *longer, chains.broken(whole["helix"]), chains.lacking(longer[1], "CA")]


def backbone_batch(given: list[np.ndarray]) -> BackboneBatch:
    """Return backbones as the worker would hand them to an adapter."""
    return BackboneBatch(Records.of(Sample(f"{row}", {"backbone": b}) for row, b in enumerate(given)), "backbone")


def measure(setup: Setup) -> dict[str, Any]:
    """Return every measurement by name."""
    given = backbones()
    return measured(setup, load(setup), backbone_batch(given), given)


if __name__ == "__main__":
    arguments = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(json.dumps(measure(Setup(**arguments))))
