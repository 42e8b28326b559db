"""Plain, deterministic descriptions for language models."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from ase.data import chemical_symbols
from ase.formula import Formula
from ase.geometry import cell_to_cellpar

from matterzoo_schemas.views import Structure


def text_of_smiles(smiles: str) -> str:
    """Return `SMILES: <smiles>`."""
    return f"SMILES: {smiles}"


def text_of_sequence(sequence: str) -> str:
    """Return `Sequence: <letters>`."""
    return f"Sequence: {sequence}"


def text_of_atoms(structure: Structure) -> str:
    """Describe a structure: formula, cell, then one line an atom, in the order of the atoms.

    Periodic in all three directions: lengths in Å, angles in degrees, fractional coordinates; else Cartesian ones
    in Å. Four decimals.

    Raises
    ------
    ValueError
        If there is no atom, or a position is not a number.
    """
    if not len(structure.numbers):
        raise ValueError("a structure without atoms has no description")
    if not np.isfinite(structure.positions).all():
        raise ValueError("a position is not a number")
    symbols = [chemical_symbols[number] for number in structure.numbers.tolist()]
    lines = [f"Formula: {Formula.from_list(symbols).format('hill')}"]
    if not np.isnan(structure.charge) and structure.charge:
        lines.append(f"Charge: {structure.charge:+g}")
    if not np.isnan(structure.spin):
        lines.append(f"Spin multiplicity: {structure.spin:g}")
    coordinates: npt.NDArray[np.floating] = structure.positions
    if structure.pbc.all() and abs(np.linalg.det(structure.cell)) > 1e-9:
        a, b, c, *angles = cell_to_cellpar(structure.cell)
        lines.append(f"Cell lengths (Å): {a:.4f} {b:.4f} {c:.4f}")
        lines.append("Cell angles (degrees): {:.4f} {:.4f} {:.4f}".format(*angles))
        coordinates = np.linalg.solve(structure.cell.T, structure.positions.T).T
        lines.append("Fractional coordinates:")
    else:
        lines.append("Cartesian coordinates (Å):")
    rounded = np.round(coordinates, 4) + 0.0  # no negative zeros
    rows = zip(symbols, rounded.tolist(), strict=True)
    lines += [f"{symbol} {x:.4f} {y:.4f} {z:.4f}" for symbol, (x, y, z) in rows]
    return "\n".join(lines)
