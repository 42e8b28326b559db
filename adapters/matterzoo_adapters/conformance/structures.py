"""Structures that the suite asks about, and what symmetry does to them; NumPy only.

Lattice constants and bond lengths are textbook values to 0.01 Å or so, and every atom is displaced a little, so that
no accidental symmetry hides a fault: starting structures for tests, not reference data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from matterzoo_schemas.elements import SYMBOLS
from matterzoo_schemas.views import Structure

Matrix = npt.NDArray[np.float64]
DISPLACEMENT = 0.05
"""Largest displacement of an atom along an axis, in Å."""
WANTED = 4
"""Structures of each kind; fewer are filled up with substitutes made of the domain's own elements."""

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
CUBE = np.eye(3)
Prototype = tuple[str, float, Matrix, Sequence[Sequence[float]]]
CRYSTALS: tuple[Prototype, ...] = (
    ("Na Cl", 5.64, FCC, [[0, 0, 0], [0.5, 0.5, 0.5]]),
    ("Si Si", 5.43, FCC, [[0, 0, 0], [0.25, 0.25, 0.25]]),
    ("Cu Cu Cu Cu", 3.61, CUBE, [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]),
    ("Sr Ti O O O", 3.91, CUBE, [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]),
    ("C C", 3.57, FCC, [[0, 0, 0], [0.25, 0.25, 0.25]]),
    ("Ga As", 5.65, FCC, [[0, 0, 0], [0.25, 0.25, 0.25]]),
    ("O H H", 3.40, CUBE, [[0, 0, 0], [0.22, 0.17, 0], [-0.22, 0.17, 0]]),
    ("C O O", 3.90, CUBE, [[0, 0, 0], [0.17, 0.17, 0.17], [-0.17, -0.17, -0.17]]),
)
"""Elements, lattice constant in Å, primitive vectors in it, and fractional coordinates on the cubic axes."""
MOLECULES: Mapping[str, Sequence[Sequence[float]]] = {
    "O H H": [[0, 0, 0], [0.76, 0.59, 0], [-0.76, 0.59, 0]],
    "C H H H H": [[0, 0, 0], [0.63, 0.63, 0.63], [-0.63, -0.63, 0.63], [-0.63, 0.63, -0.63], [0.63, -0.63, -0.63]],
    "N H H H": [[0, 0, 0.07], [0.94, 0, -0.31], [-0.47, 0.81, -0.31], [-0.47, -0.81, -0.31]],
    "C O O": [[0, 0, 0], [1.16, 0, 0], [-1.16, 0, 0]],
    "C O H H H H": [[0, 0, 0], [1.43, 0, 0], [1.75, 0.9, 0], [-0.36, -1.03, 0], [-0.36, 0.51, 0.89],
                    [-0.36, 0.51, -0.89]],
}  # fmt: skip
"""Elements and positions in Å."""


def structures(domain: Mapping[str, Any]) -> dict[str, Structure]:
    """Return structures that a model of this domain must be able to take, each of another composition."""
    allowed = set(elements_of(domain))
    found: dict[str, Structure] = {}
    if domain["periodic"]:
        made = (crystal(*prototype) for prototype in CRYSTALS)
        found |= _within({f"{formula(s.numbers)} crystal": s for s in made}, allowed, domain, _rocksalts)
    if domain["non_periodic"]:
        molecules = (molecule(symbols, positions) for symbols, positions in MOLECULES.items())
        found |= _within({f"{formula(s.numbers)} molecule": s for s in molecules}, allowed, domain, _dimers)
    return found


def elements_of(domain: Mapping[str, Any]) -> list[int]:
    """Return the atomic numbers of a domain."""
    return list(domain["elements"] or range(1, len(SYMBOLS)))


def _within(made: dict[str, Structure], allowed: set[int], domain: Mapping[str, Any], substitutes: Any) -> Any:
    most = domain["max_nodes"] or np.inf
    fitting = {name: s for name, s in made.items() if allowed.issuperset(s.numbers.tolist()) and len(s.numbers) <= most}
    if len(fitting) < WANTED:
        fitting |= substitutes(sorted(allowed))
    return dict(list(fitting.items())[:WANTED])


def _rocksalts(elements: list[int]) -> dict[str, Structure]:
    pairs = list(pairwise(elements)) or [(elements[0], elements[0])]
    names = [f"{SYMBOLS[a]} {SYMBOLS[b]}" for a, b in pairs[:WANTED]]
    made = [crystal(name, 5.0, FCC, [[0, 0, 0], [0.5, 0.5, 0.5]]) for name in names]
    return {f"{formula(s.numbers)} rocksalt": s for s in made}


def _dimers(elements: list[int]) -> dict[str, Structure]:
    pairs = list(pairwise(elements)) or [(elements[0], elements[0])]
    made = [molecule(f"{SYMBOLS[a]} {SYMBOLS[b]}", [[0, 0, 0], [1.7, 0, 0]]) for a, b in pairs[:WANTED]]
    return {f"{formula(s.numbers)} dimer": s for s in made}


def crystal(symbols: str, constant: float, vectors: Matrix, basis: Sequence[Sequence[float]]) -> Structure:
    """Return a crystal, its atoms displaced a little."""
    numbers = _numbers(symbols)
    positions = np.array(basis, np.float64) * constant
    return Structure(numbers, _displaced(positions), vectors * constant, np.ones(3, np.bool_))


def molecule(symbols: str, positions: Sequence[Sequence[float]]) -> Structure:
    """Return a molecule without a cell, its atoms displaced a little; neutral, at most one unpaired electron."""
    numbers = _numbers(symbols)
    multiplicity = 1.0 + int(numbers.sum()) % 2
    return Structure(numbers, _displaced(np.array(positions, np.float64)), charge=0.0, spin=multiplicity)


def _numbers(symbols: str) -> npt.NDArray[np.uint8]:
    return np.array([SYMBOLS.index(symbol) for symbol in symbols.split()], np.uint8)


def _displaced(positions: Matrix) -> Matrix:
    displacement = np.random.default_rng(len(positions)).uniform(-DISPLACEMENT, DISPLACEMENT, positions.shape)
    return np.asarray(positions + displacement)


def formula(numbers: npt.NDArray[np.uint8]) -> str:
    """Return the symbols with their counts, in order of first appearance."""
    symbols = [SYMBOLS[number] for number in numbers.tolist()]
    counts = {symbol: symbols.count(symbol) for symbol in dict.fromkeys(symbols)}
    return "".join(f"{symbol}{count if count > 1 else ''}" for symbol, count in counts.items())


def element(number: int, *, periodic: bool) -> Structure:
    """Return a simple cubic element, or two atoms of it 2 Å apart."""
    if periodic:
        return crystal(SYMBOLS[number], 2.8, CUBE, [[0, 0, 0]])
    return molecule(f"{SYMBOLS[number]} {SYMBOLS[number]}", [[0, 0, 0], [2.0, 0, 0]])


def translated(atoms: Structure) -> Structure:
    """Shift all atoms by a vector that is no lattice vector."""
    return replace(atoms, positions=atoms.positions + np.array([1.37, -0.71, 2.93]))


def rotated(atoms: Structure) -> Structure:
    """Rotate atoms and cell about a general axis."""
    return _turned(atoms, rotation())


def reflected(atoms: Structure) -> Structure:
    """Mirror atoms and cell at a general plane."""
    return _turned(atoms, mirror())


def _turned(atoms: Structure, matrix: Matrix) -> Structure:
    return replace(atoms, positions=atoms.positions @ matrix.T, cell=atoms.cell @ matrix.T)


def rotation() -> Matrix:
    """Return the rotation by 1 rad about (1, 2, 3), by Rodrigues' formula."""
    x, y, z = np.array([1.0, 2.0, 3.0]) / np.sqrt(14.0)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(1.0) * cross + (1 - np.cos(1.0)) * cross @ cross)


def mirror() -> Matrix:
    """Return the reflection at the plane across (1, 2, -1/2)."""
    normal = np.array([1.0, 2.0, -0.5]) / np.sqrt(5.25)
    return np.asarray(np.eye(3) - 2 * np.outer(normal, normal))


def permuted(atoms: Structure) -> tuple[Structure, npt.NDArray[np.int64]]:
    """Return the atoms in reverse order, and which old atom each new one is."""
    order = np.arange(len(atoms.numbers))[::-1]
    return replace(atoms, numbers=atoms.numbers[order], positions=atoms.positions[order]), order


def wrapped_elsewhere(atoms: Structure) -> Structure:
    """Move each atom by some lattice vector: the same crystal."""
    shifts = np.random.default_rng(0).integers(-2, 3, atoms.positions.shape).astype(np.float64)
    return replace(atoms, positions=atoms.positions + shifts @ atoms.cell)


def doubled(atoms: Structure) -> Structure:
    """Return the supercell of two cells along the first vector; atoms of the first cell come first."""
    return replace(
        atoms,
        numbers=np.tile(atoms.numbers, 2),
        positions=np.concatenate([atoms.positions, atoms.positions + atoms.cell[0]]),
        cell=atoms.cell * np.array([[2.0], [1.0], [1.0]]),
    )


def strained(atoms: Structure) -> Structure:
    """Stretch everything by 5 %."""
    return replace(atoms, positions=atoms.positions * 1.05, cell=atoms.cell * 1.05)


def with_last_atom(atoms: Structure, number: int) -> Structure:
    """Make the last atom another element."""
    return replace(atoms, numbers=np.append(atoms.numbers[:-1], np.uint8(number)).astype(np.uint8))


def with_neighbour(atoms: Structure, distance: float) -> Structure:
    """Put a copy of the first atom beside it, at a distance in Å."""
    beside = atoms.positions[0] + np.array([distance, 0, 0])
    return replace(
        atoms, numbers=np.append(atoms.numbers, atoms.numbers[0]), positions=np.vstack([atoms.positions, beside])
    )


def in_huge_cell(atoms: Structure, edge: float = 40.0) -> Structure:
    """Put the atoms into a periodic cubic cell of an edge in Å that dwarfs them."""
    return replace(atoms, cell=np.eye(3) * edge, pbc=np.ones(3, np.bool_))
