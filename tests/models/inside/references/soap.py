"""DScribe's own call."""

from __future__ import annotations

from typing import Any

from ase.data import chemical_symbols

from references import Reference


def reference(adapter: Any) -> Reference:
    """DScribe's descriptor, made anew from the parameters that the card states."""
    from dscribe.descriptors import SOAP

    del adapter
    weights = {symbol: float(number) for number, symbol in enumerate(chemical_symbols) if number}
    parameters: dict[str, Any] = {
        "species": list(weights), "r_cut": 5.0, "sigma": 0.5, "n_max": 8, "l_max": 6,
        "compression": {"mode": "mu2", "species_weighting": weights},
    }  # fmt: skip
    return lambda atoms: (SOAP(periodic=bool(atoms.pbc.any()), **parameters).create(atoms), None)
