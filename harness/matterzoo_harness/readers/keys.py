"""Key names in use for a record's name, charge, spin and energy; docs/input.md lists them for users."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

ID_KEYS = ("id", "identifier", "material_id", "mat_id", "mol_id", "molecule_id", "structure_id", "name")
CHARGE_KEYS = ("charge", "total_charge", "net_charge", "formal_charge", "mol_charge")
MULTIPLICITY_KEYS = ("spin", "multiplicity", "spin_multiplicity", "mult", "total_spin")
UNPAIRED_KEYS = ("uhf", "unpaired_electrons", "n_unpaired", "num_unpaired_electrons")
ENERGY_KEYS = ("energy", "REF_energy", "ref_energy", "dft_energy", "DFT_energy", "total_energy", "Energy")


def name_of(info: Mapping[str, Any]) -> str | None:
    """Return the name that a dictionary gives its record; None if it gives none."""
    for key in ID_KEYS:
        value = info.get(key)
        text = (
            str(value).strip() if isinstance(value, str) or (is_number(value) and isinstance(value, Integral)) else ""
        )
        if text:
            return text
    return None


def charge_of(info: Mapping[str, Any]) -> float:
    """Return the total charge in elementary charges; NaN if it is not stated.

    Raises
    ------
    ValueError
        If two keys contradict each other.
    """
    return _agreed({key: float(info[key]) for key in CHARGE_KEYS if is_number(info.get(key))}, "charge")


def spin_of(info: Mapping[str, Any]) -> float:
    """Return the spin multiplicity 2S+1; NaN if it is not stated. 0 is what data sets write for "not stated".

    Raises
    ------
    ValueError
        If two keys contradict each other, or the value is no positive integer.
    """
    stated = {key: float(info[key]) for key in MULTIPLICITY_KEYS if is_number(info.get(key)) and info[key] != 0}
    stated |= {key: float(info[key]) + 1 for key in UNPAIRED_KEYS if is_number(info.get(key))}
    spin = _agreed(stated, "spin multiplicity")
    if not math.isnan(spin) and (spin < 1 or spin != round(spin)):
        raise ValueError(f"a spin multiplicity (2S+1) is a positive integer, not {spin:g} ({', '.join(stated)})")
    return spin


def labels_of(info: Mapping[str, Any]) -> dict[str, float]:
    """Return every number of a dictionary that is neither name, charge nor spin; the energy under its one name."""
    spoken_for = {*ID_KEYS, *CHARGE_KEYS, *MULTIPLICITY_KEYS, *UNPAIRED_KEYS}
    labels = {key: float(value) for key, value in info.items() if key not in spoken_for and is_number(value)}
    energies = [labels.pop(key) for key in ENERGY_KEYS if key in labels]
    return labels | {"energy": energies[0]} if energies else labels


def is_number(value: object) -> bool:
    """Whether a value is one number, of Python or of numpy; a truth value is none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def _agreed(stated: Mapping[str, float], what: str) -> float:
    values = {value for value in stated.values() if not math.isnan(value)}
    if len(values) > 1:
        raise ValueError(f"contradicting values of the {what}: {dict(stated)}")
    return values.pop() if values else math.nan
