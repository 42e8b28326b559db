"""Samples that need no file: `sample:molecules`, `sample:crystals`, `sample:proteins`, `sample:grids`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.records import Records

SAMPLES = {
    "molecules": "the G2 test set of small molecules (ASE), with SMILES where the bonds can be told",
    "crystals": "elements and binary compounds built from lattice constants",
    "proteins": "sequences of well-known peptides and proteins, 13 of them with backbones",
    "grids": "24 states of an analytic atmosphere through a year, on a grid of 5.625°",
    "grids-fine": "two of them on a grid of 1° with the poles",
}
"""What each sample holds, by name."""


def load_sample(name: str) -> Records:
    """Build a sample.

    Raises
    ------
    MatterzooError
        `INPUT_MISSING` if there is no such sample.
    """
    if name not in SAMPLES:
        known = ", ".join(f"sample:{known}" for known in SAMPLES)
        raise MatterzooError(ExitCode.INPUT_MISSING, f"there is no sample {name!r}", f"there are {known}")
    build: Callable[[], Records] = import_module(f"matterzoo_harness.samples.{name.replace('-', '_')}").build
    return build()
