"""Which records no model, or not this model, can take: decided for a whole shard at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from matterzoo_adapters.worker.chain_checks import refused_chain
from matterzoo_adapters.worker.grid_checks import refused_grid
from matterzoo_schemas.elements import SYMBOLS
from matterzoo_schemas.records import Records
from matterzoo_schemas.shard import Status
from matterzoo_schemas.views import TEXT_VIEWS, AtomsColumn, BackboneColumn, GridColumn

Refusals = dict[int, tuple[Status, str]]
Mask = npt.NDArray[np.bool_]
SAME_PLACE = 2e-3
"""Two atoms closer than this, in Å, are one atom written twice."""
FLAT = 1e-6
"""A cell of less volume than this, in Å³, holds no atoms."""
MOST_IN_A_BOX = 64
"""How many atoms of one box, 8e-3 Å wide, are compared with each other; more are found by their neighbours."""


def refusals(records: Records, view: str, domain: Mapping[str, Any]) -> Refusals:
    """Find the records that must not reach the model.

    Parameters
    ----------
    records
        Records of a shard.
    view
        The view that the model takes.
    domain
        The card's domain.

    Returns
    -------
    refusals
        Row → status and reason; the first reason found stands.
    """
    column = records.views.get(view)
    if column is None:
        return dict.fromkeys(range(len(records)), (Status.MISSING_VIEW, f"the record has no {view}"))
    found: Refusals = {
        int(row): (Status.MISSING_VIEW, f"the record has no {view}") for row in np.flatnonzero(~column.present)
    }
    sizes = column.sizes()
    empty = "the structure has no atoms" if view == "atoms" else f"the {view} is empty"
    _note(found, sizes == 0, Status.INVALID, empty)
    most = domain.get("max_nodes")
    if most is not None and view not in TEXT_VIEWS:
        _note(found, sizes > most, Status.UNSUPPORTED, f"more than {most} nodes, the most this model takes")
    if isinstance(column, AtomsColumn):
        _check_atoms(column, domain, found)
    if isinstance(column, GridColumn):
        for row in np.flatnonzero(column.present & (sizes > 0)).tolist():
            if row not in found and (refusal := refused_grid(column[row], domain.get("grid"))):
                found[row] = refusal
    if isinstance(column, BackboneColumn):
        holes = bool(domain.get("missing_atoms"))
        for row in np.flatnonzero(column.present & (sizes > 0)).tolist():
            if row not in found and (refusal := refused_chain(column[row], missing_atoms=holes)):
                found[row] = refusal
    return found


def _note(found: Refusals, rows: Mask, status: Status, reason: str) -> None:
    for row in np.flatnonzero(rows).tolist():
        found.setdefault(row, (status, reason))


def _check_atoms(atoms: AtomsColumn, domain: Mapping[str, Any], found: Refusals) -> None:
    owner = np.repeat(np.arange(len(atoms.present)), atoms.sizes())

    def of_records(bad_atoms: Mask) -> Mask:
        rows = np.zeros(len(atoms.present), np.bool_)
        rows[owner[bad_atoms]] = True
        return rows

    finite = np.asarray(np.isfinite(atoms.positions).all(axis=1))
    _note(found, of_records(~finite), Status.INVALID, "a position is not a finite number")
    finite_cell = np.asarray(np.isfinite(atoms.cell).all(axis=(1, 2)))
    _note(found, ~finite_cell, Status.INVALID, "the cell is not made of finite numbers")
    periodic = np.asarray(atoms.pbc.any(axis=1))
    boxed = np.flatnonzero(periodic & finite_cell)
    flat = boxed[np.abs(np.linalg.det(atoms.cell[boxed])) < FLAT]
    _note(found, np.isin(np.arange(len(periodic)), flat), Status.INVALID, "periodic, but the cell has no volume")
    _check_elements(atoms, owner, domain, found)
    if not domain.get("periodic", True):
        _note(found, periodic, Status.UNSUPPORTED, "this model takes no periodic structures")
    if not domain.get("non_periodic", True):
        _note(found, ~periodic, Status.UNSUPPORTED, "this model takes periodic structures only")
    sound = finite & np.isin(owner, list(found), invert=True)
    _note(found, of_records(_coincident(atoms, owner, sound)), Status.INVALID, "two atoms are at one place")


def _check_elements(
    atoms: AtomsColumn, owner: npt.NDArray[np.int64], domain: Mapping[str, Any], found: Refusals
) -> None:
    elements = domain.get("elements")
    known = np.zeros(256, np.bool_)
    known[list(elements) if elements is not None else slice(1, len(SYMBOLS))] = True
    for atom in np.flatnonzero(~known[atoms.numbers]).tolist():
        number = int(atoms.numbers[atom])
        name = f"{SYMBOLS[number]} ({number})" if 0 < number < len(SYMBOLS) else f"the atomic number {number}"
        found.setdefault(int(owner[atom]), (Status.UNSUPPORTED, f"{name} is not among the model's elements"))


def _coincident(atoms: AtomsColumn, owner: npt.NDArray[np.int64], sound: Mask) -> Mask:
    """Mark atoms that share their place with another atom of their record, periodic images included.

    Atoms are dropped into boxes on four grids, each shifted by a quarter of an edge along all axes. A box is four times
    SAME_PLACE high along every axis of the cell (measured across its faces, for a skewed cell's edges are longer), so
    an axis parts two atoms that are closer than SAME_PLACE on one grid at most: on one of the four, they share a box.
    Only atoms that share one are measured.
    """
    marked = np.zeros(len(owner), np.bool_)
    rows = np.flatnonzero(sound & (atoms.sizes()[owner] > 1))
    record, wrapped = owner[rows], atoms.pbc[owner[rows]]
    basis, inverse = _bases(atoms)
    coordinates = np.einsum("ni,nij->nj", atoms.positions[rows], inverse[record])
    edges = (1.0 / np.linalg.norm(inverse, axis=1))[record] / (4 * SAME_PLACE)
    boxes = np.maximum(np.floor(edges), 1.0)
    scaled = coordinates * np.where(wrapped, boxes, edges)
    for quarter in range(4):
        index = np.floor(scaled + quarter / 4)
        index = np.where(wrapped, index - boxes * np.floor(index / boxes), index)
        for first, second in _pairs_of_equals(_box_key(record, index)):
            apart = coordinates[first] - coordinates[second]
            apart -= np.where(wrapped[first], np.round(apart), 0.0)
            distance = np.linalg.norm(np.einsum("ni,nij->nj", apart, basis[record[first]]), axis=1)
            same = (record[first] == record[second]) & (distance < SAME_PLACE)
            marked[rows[first[same]]] = True
    return marked


def _bases(atoms: AtomsColumn) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the axes [n, 3, 3] along which places are compared, Cartesian where not periodic, and their inverses."""
    basis = np.tile(np.eye(3), (len(atoms.present), 1, 1))
    inverse = basis.copy()
    rows = np.flatnonzero(atoms.pbc.any(axis=1) & np.isfinite(atoms.cell).all(axis=(1, 2)))
    periodic = np.where(atoms.pbc[rows, :, None], atoms.cell[rows], np.eye(3))
    solid = np.abs(np.linalg.det(periodic)) > FLAT
    basis[rows[solid]] = periodic[solid]
    inverse[rows[solid]] = np.linalg.inv(periodic[solid])
    return basis, inverse


def _pairs_of_equals(key: npt.NDArray[np.uint64]) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Yield pairs of places with equal keys: neighbours in the sorted order, then those two apart, and so on."""
    ordered = np.sort(key)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(twice) == 0:
        return
    crowded = np.flatnonzero(np.isin(key, twice))
    order = crowded[np.argsort(key[crowded], kind="stable")]
    for lag in range(1, MOST_IN_A_BOX):
        same = np.flatnonzero(key[order[lag:]] == key[order[:-lag]])
        if len(same) == 0:
            return
        yield order[same], order[same + lag]


def _box_key(record: npt.NDArray[np.int64], index: npt.NDArray[np.float64]) -> npt.NDArray[np.uint64]:
    """Hash (record, box) to one integer; equal boxes hash equally, and a collision is measured like any other pair."""
    key = record.astype(np.uint64)
    for axis in range(3):
        key = (key ^ (index[:, axis] + 0.0).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
    return key
