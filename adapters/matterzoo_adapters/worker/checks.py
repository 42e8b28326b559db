"""Which records no model, or not this model, can take: decided for a whole shard at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from matterzoo_schemas.elements import SYMBOLS
from matterzoo_schemas.records import Records
from matterzoo_schemas.shard import Status
from matterzoo_schemas.views import TEXT_VIEWS, AtomsColumn

Refusals = dict[int, tuple[Status, str]]
Mask = npt.NDArray[np.bool_]
SAME_PLACE = 1e-3
"""Two atoms closer than this, in Å, are one atom written twice."""


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
    volume = np.abs(np.linalg.det(np.where(finite_cell[:, None, None], atoms.cell, np.eye(3))))
    flat = np.asarray(volume < 1e-6)
    _note(found, periodic & flat, Status.INVALID, "periodic, but the cell has no volume")
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

    Atoms are dropped into boxes of edge 2 × SAME_PLACE on eight grids, each shifted by half an edge along other axes:
    any two atoms closer than SAME_PLACE along every axis share a box of one of them. No distance matrix is made.
    """
    marked = np.zeros(len(owner), np.bool_)
    rows = np.flatnonzero(sound)
    if len(rows) == 0:
        return marked
    record, positions = owner[rows], atoms.positions[rows]
    wrapped = atoms.pbc[record]
    basis = np.where(atoms.pbc[:, :, None], atoms.cell, np.eye(3))
    finite = np.asarray(np.isfinite(basis).all(axis=(1, 2)))
    basis = np.where(finite[:, None, None], basis, np.eye(3))
    singular = np.asarray(np.abs(np.linalg.det(basis)) < 1e-9)
    basis = np.where(singular[:, None, None], np.eye(3), basis)
    coordinates = np.einsum("ni,nij->nj", positions, np.linalg.inv(basis)[record])
    edges = np.linalg.norm(basis, axis=2)[record] / (2 * SAME_PLACE)
    boxes = np.maximum(np.floor(edges), 1.0)
    scaled = coordinates * np.where(wrapped, boxes, edges)
    for shift in range(8):
        half = np.array([shift & 1, shift >> 1 & 1, shift >> 2 & 1]) * 0.5
        index = np.floor(scaled + half)
        index = np.where(wrapped, np.mod(index, boxes), index).astype(np.int64)
        key = _mix(record, index)
        order = np.argsort(key, kind="stable")
        same = np.flatnonzero(np.diff(key[order]) == 0)
        first, second = order[same], order[same + 1]
        alike = (record[first] == record[second]) & (index[first] == index[second]).all(axis=1)
        marked[rows[first[alike]]] = True
    return marked


def _mix(record: npt.NDArray[np.int64], index: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Hash (record, box) to one integer; equal boxes hash equally, and a collision is looked at by the caller."""
    key = record.astype(np.uint64)
    for axis in range(3):
        key = (key ^ index[:, axis].astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
    return key
