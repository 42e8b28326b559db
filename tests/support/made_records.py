"""Records made up for tests: named molecules and crystals, each different from the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.views import Structure


def molecule(numbers: Sequence[int] = (8, 1, 1), seed: int = 0) -> Structure:
    """Atoms 1 Å apart along a line, shaken: no two at one place."""
    positions = (
        np.arange(len(numbers))[:, None] * np.ones(3) + np.random.default_rng(seed).random((len(numbers), 3)) / 2
    )
    return Structure(np.array(numbers, np.uint8), positions)


def sample(name: str, structure: Structure | None) -> Sample:
    """A record of one structure; of no view at all if there is none."""
    return Sample(name, {} if structure is None else {"atoms": structure})


def named(names: Iterable[str]) -> Records:
    """One small molecule a name, of 1 to 7 atoms, each another."""
    elements = np.array([1, 6, 7, 8])
    return Records.of(
        sample(name, molecule(elements[np.arange(row % 7 + 1) % 4].tolist(), row)) for row, name in enumerate(names)
    )


def large(names: Iterable[str], atoms: int) -> Records:
    """Molecules of equally many atoms: with 20,000 atoms a shard, a few of them make several shards."""
    return Records.of(sample(name, molecule([6] * atoms, row)) for row, name in enumerate(names))


def written(records: Records, path: Path) -> Path:
    """Write records and return the path."""
    records.write(path)
    return path
