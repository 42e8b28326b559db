"""Backbones of protein chains that the suite asks about, and what symmetry does to them; NumPy only.

Ideal chains: bond lengths and angles as Engh and Huber tabulate them, torsions of the regular structures as textbooks
round them. Every atom is displaced a little, so that no accidental symmetry hides a fault: starting structures for
tests, not reference data.

References
----------
Engh and Huber, Acta Cryst. A 1991, 47, 392 (bonds and angles).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matterzoo_adapters.conformance.structures import mirror, rotation

Backbone = npt.NDArray[np.float64]
"""N, CA, C and O of each residue [residues, 4, 3] in Å."""
Torsions = Sequence[tuple[float, float]]
DISPLACEMENT = 0.05
"""Largest displacement of an atom along an axis, in Å."""
ATOMS = ("N", "CA", "C", "O")

HELIX, STRAND, POLYPROLINE = (-57.0, -47.0), (-120.0, 130.0), (-75.0, 145.0)
"""φ and ψ in degrees."""
TURN = ((60.0, 30.0), (80.0, 10.0))
"""The two inner residues of a β turn of type I′, which closes most hairpins."""


def chain(torsions: Torsions) -> Backbone:
    """Return the backbone with these φ and ψ in degrees, its peptide bonds trans, its atoms displaced a little."""
    atoms = [np.array([0.0, 0.0, 0.0]), np.array([1.458, 0.0, 0.0])]
    atoms.append(atoms[1] + 1.525 * _direction(180.0 - 111.2))
    residues = []
    for row, (_, psi) in enumerate(torsions):
        n, ca, c = atoms[-3:]
        residues.append([n, ca, c, _placed(n, ca, c, 1.231, 120.8, psi + 180.0)])
        if row + 1 < len(torsions):
            atoms.append(_placed(n, ca, c, 1.329, 116.2, psi))
            atoms.append(_placed(ca, c, atoms[-1], 1.458, 121.7, 180.0))
            atoms.append(_placed(c, atoms[-2], atoms[-1], 1.525, 111.2, torsions[row + 1][0]))
    made = np.array(residues)
    displacement = np.random.default_rng(len(made)).uniform(-DISPLACEMENT, DISPLACEMENT, made.shape)
    return np.asarray(made + displacement)


def _direction(angle: float) -> npt.NDArray[np.float64]:
    return np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle)), 0.0])


def _placed(a: Any, b: Any, c: Any, length: float, angle: float, torsion: float) -> npt.NDArray[np.float64]:
    """Return the place of an atom bound to c, by the bond's length, its angle with b, and its torsion to a."""
    along = (c - b) / np.linalg.norm(c - b)
    across = np.cross(b - a, along)
    across /= np.linalg.norm(across)
    bend, turn = np.deg2rad(180.0 - angle), np.deg2rad(torsion)
    step = (np.cos(bend), np.sin(bend) * np.cos(turn), np.sin(bend) * np.sin(turn))
    return np.asarray(c + length * (np.array(step) @ np.array([along, np.cross(across, along), across])))


def chains(domain: Mapping[str, Any]) -> dict[str, Backbone]:
    """Return whole chains that a model of this domain must be able to take, each of another fold, two equally long."""
    made = {
        "helix": chain([HELIX] * 18),
        "strand": chain([STRAND] * 18),
        "hairpin": chain([*[STRAND] * 8, *TURN, *[STRAND] * 7]),
        "polyproline helix": chain([POLYPROLINE] * 9),
        "helices": chain([*[HELIX] * 14, *[POLYPROLINE] * 2, *[HELIX] * 12]),
    }
    most = domain["max_nodes"] or np.inf
    return {name: backbone for name, backbone in made.items() if len(backbone) <= most}


def broken(backbone: Backbone, gap: float = 15.0) -> Backbone:
    """Return the chain with its second half moved away by a gap in Å."""
    moved: Backbone = backbone.copy()
    moved[len(moved) // 2 :] += gap * np.array([2.0, -1.0, 0.5]) / np.sqrt(5.25)
    return moved


def without_residue(backbone: Backbone) -> Backbone:
    """Return the chain without a residue in its middle, as a file has it in which that one was not seen."""
    return np.delete(backbone, len(backbone) // 2, axis=0)


def lacking(backbone: Backbone, atom: str) -> Backbone:
    """Return the chain with an atom of its third residue missing."""
    holed: Backbone = backbone.copy()
    holed[2, ATOMS.index(atom)] = np.nan
    return holed


def translated(backbone: Backbone) -> Backbone:
    """Shift all atoms."""
    return np.asarray(backbone + np.array([13.7, -7.1, 29.3]))


def rotated(backbone: Backbone) -> Backbone:
    """Rotate all atoms about a general axis."""
    return np.asarray(backbone @ rotation().T)


def reflected(backbone: Backbone) -> Backbone:
    """Mirror all atoms at a general plane: amino acids become those of the other hand."""
    return np.asarray(backbone @ mirror())
