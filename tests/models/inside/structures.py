"""Structures and molecules that all models are measured on: small, shaken, of several symmetries."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.build import bulk, fcc111, make_supercell, molecule

from matterzoo_adapters.base import AtomsBatch
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.views import Structure


def crystals() -> list[Atoms]:
    """Return shaken crystals; CsCl has no two atoms closer than 3 Å, and so no angles for CHGNet."""
    plain = [
        bulk("Si", "diamond", a=5.43), bulk("NaCl", "rocksalt", a=5.64).repeat((2, 1, 1)), bulk("Fe", "bcc", a=2.87),
        bulk("CsCl", "cesiumchloride", a=4.12).repeat((1, 2, 1)), bulk("GaAs", "zincblende", a=5.65),
        make_supercell(bulk("Cu", "fcc", a=3.6), [[-1, 1, 1], [1, -1, 1], [1, 1, -1]]),
    ]  # fmt: skip
    return [_shaken(atoms, seed) for seed, atoms in enumerate(plain)]


def others() -> list[Atoms]:
    """Return shaken molecules, and a slab that is periodic in two directions."""
    plain = [molecule("CH3CH2OH"), molecule("C6H6"), molecule("H2O"), fcc111("Al", (2, 2, 3), vacuum=6.0)]
    return [_shaken(atoms, seed) for seed, atoms in enumerate(plain)]


def _shaken(atoms: Atoms, seed: int) -> Atoms:
    atoms.rattle(0.05, seed=seed)
    return atoms


def rotated(atoms: Atoms) -> Atoms:
    """Turn a structure by 40° about an axis of no symmetry."""
    turned = atoms.copy()
    turned.rotate(40.0, (1.0, 2.0, 3.0), rotate_cell=True)
    return turned


def translated(atoms: Atoms) -> Atoms:
    """Move all atoms, in a crystal across the cell's walls (and back into the cell)."""
    moved = atoms.copy()
    moved.translate((1.7, -2.9, 0.6))
    moved.wrap()
    return moved


def permuted(atoms: Atoms) -> Atoms:
    """Write the atoms in another order."""
    return atoms[np.random.default_rng(0).permutation(len(atoms))]


def doubled(atoms: Atoms) -> Atoms:
    """Describe the same crystal by a cell twice as long."""
    return atoms.repeat((2 if atoms.pbc[0] else 1, 1, 1))


def atoms_batch(structures: list[Atoms]) -> AtomsBatch:
    """Return structures as the worker would hand them to an adapter."""
    views = [Structure(a.numbers.astype(np.uint8), a.positions, a.cell.array, a.pbc) for a in structures]
    return AtomsBatch(Records.of(Sample(f"{row}", {"atoms": view}) for row, view in enumerate(views)), "atoms")
