"""ASE's Atoms to the `atoms` view, the same for every format that ASE reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from matterzoo_harness.readers.keys import charge_of, labels_of, name_of, spin_of
from matterzoo_harness.readers.result import Entry
from matterzoo_schemas.views import Structure


def entry_of_atoms(atoms: Any, info: Mapping[str, Any] | None = None, id_: str | None = None) -> Entry:
    """Make an entry of an `ase.Atoms`.

    Parameters
    ----------
    atoms
        The structure; an energy that its calculator holds becomes the label `energy` in eV.
    info
        Where name, charge, spin and labels stand; `atoms.info` if not given.
    id_
        The record's name; that of `info` if not given.
    """
    info = atoms.info if info is None else info
    name = id_ or name_of(info)
    labels = labels_of(info)
    results = getattr(atoms.calc, "results", {})
    if results.get("energy") is not None:
        labels["energy"] = float(results["energy"])
    try:
        structure = structure_of(atoms, charge_of(info), spin_of(info))
    except ValueError as error:
        return Entry(name, labels=labels, failure=str(error))
    return Entry(name, {"atoms": structure}, labels)


def structure_of(atoms: Any, charge: float = float("nan"), spin: float = float("nan")) -> Structure:
    """Return numbers, positions, cell and periodicity of an `ase.Atoms`; Å, as ASE has them."""
    return Structure(
        numbers=atoms.numbers.astype(np.uint8),
        positions=np.asarray(atoms.positions, np.float64),
        cell=np.asarray(atoms.cell.array, np.float64),
        pbc=np.asarray(atoms.pbc, np.bool_),
        charge=charge,
        spin=spin,
    )
