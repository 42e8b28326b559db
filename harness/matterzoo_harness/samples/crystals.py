"""Elements and binary compounds in simple structures, built with ASE.

Elements take structure and lattice constants from `ase.data.reference_states`. The compounds' lattice constants in
`binaries.txt` are room-temperature values as textbooks tabulate them, given to 0.01 Å or so: starting structures for
embeddings, not reference data. Internal coordinates are those of the ideal structure (u = 3/8 in wurtzite).

References
----------
Wyckoff, Crystal Structures, vol. 1, 2nd ed., Wiley 1963 (such a table).
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.data import chemical_symbols, reference_states
from ase.symbols import string2symbols

from matterzoo_harness.readers.objects import from_atoms
from matterzoo_schemas.records import Records

DECIMALS = 10
"""Coordinates are rounded to 1e-10 Å, so that no processor's last bit changes the sample's identity."""

UNSEEN = frozenset({"Po"})
"""Elements of which no potential has seen a crystal in training: the sample is to be embedded whole."""

SIMPLE = frozenset({"fcc", "bcc", "hcp", "sc", "diamond", "rhombohedral"})


def build() -> Records:
    """Return primitive cells, called `<formula>-<structure>`."""
    return from_atoms([*_elements(), *_binaries()]).records


def _elements() -> list[Atoms]:
    structures = []
    for symbol, state in zip(chemical_symbols, reference_states, strict=False):
        # ASE lists some elements (Se, Te) under a lattice without the basis that would make it theirs.
        if symbol in UNSEEN:
            continue
        if state and state["symmetry"] in SIMPLE and state.get("basis", "ideal") is not None:
            structures.append(_named(bulk(symbol), symbol, state["symmetry"]))
    return structures


def _binaries() -> list[Atoms]:
    table = files(__package__).joinpath("binaries.txt").read_text("utf-8")
    structures = []
    for line in table.splitlines():
        prototype, *compounds = line.split()
        for compound in compounds if not prototype.startswith("#") else ():
            formula, a, *c = compound.split(":")
            structures.append(_named(_binary(formula, prototype, float(a), *map(float, c)), formula, prototype))
    return structures


def _binary(formula: str, prototype: str, a: float, c: float | None = None) -> Atoms:
    if prototype == "wurtzite":
        return bulk(formula, prototype, a=a, c=c)
    if prototype == "antifluorite":  # ASE's fluorite wants the element that stands once in front
        symbols: list[str] = string2symbols(formula)
        return bulk(symbols[-1] + symbols[0] + "2", "fluorite", a=a)
    return bulk(formula, prototype, a=a)


def _named(atoms: Any, formula: str, structure: str) -> Atoms:
    atoms.positions = np.round(atoms.positions, DECIMALS) + 0.0
    atoms.cell = np.round(atoms.cell.array, DECIMALS) + 0.0
    atoms.info = {"name": f"{formula}-{structure}"}
    return atoms
