"""Two atoms at one place are found wherever they lie: any pair within a thousandth of an Å, none beyond a hundredth."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from matterzoo_adapters.worker.checks import refusals
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.shard import Status
from matterzoo_schemas.views import Structure

SAME_PLACE = 1e-3
"""Å along each axis: two atoms this close are one atom written twice."""

unit = st.floats(-1, 1, allow_nan=False)
vectors = st.tuples(unit, unit, unit).map(np.array)
periodicities = st.tuples(st.booleans(), st.booleans(), st.booleans()).map(np.array)
places = st.tuples(*[st.one_of(st.floats(-30, 30), st.integers(-40, 40).map(lambda n: n * SAME_PLACE))] * 3).map(
    np.array
)
images = st.tuples(*[st.integers(-2, 2)] * 3).map(np.array)


@st.composite
def cells(draw: st.DrawFn) -> np.ndarray:
    """Cells as they occur, skewed ones among them: edges of 1 to 30 Å."""
    lengths = np.array(draw(st.tuples(*[st.floats(1, 30)] * 3)))
    skew = np.array([draw(vectors), draw(vectors), draw(vectors)]) * draw(st.sampled_from([0.0, 0.4, 3.0]))
    cell = (np.eye(3) + np.tril(skew, -1)) * lengths[:, None]
    assume(abs(np.linalg.det(cell)) > 1)
    return cell


def found(positions: np.ndarray, cell: np.ndarray, pbc: np.ndarray) -> bool:
    """Tell whether the worker's check refuses these atoms."""
    structure = Structure(np.full(len(positions), 6, np.uint8), positions, cell, pbc)
    other = Structure(np.array([6], np.uint8), positions[:1])  # another record's atom at the same place is no clash
    result = refusals(Records.of([Sample("a", {"atoms": structure}), Sample("b", {"atoms": other})]), "atoms", {})
    assert 1 not in result
    assert all(status is Status.INVALID for status, _ in result.values())
    return 0 in result


@settings(max_examples=300, deadline=None)
@given(place=places, step=vectors, image=images, cell=cells(), pbc=periodicities)
@example(np.zeros(3), np.array([-1.0, -1.0, -1.0]), np.ones(3), np.eye(3) * 4.0, np.ones(3, bool))
@example(np.zeros(3), np.array([1.0, 1, 1]), np.ones(3), np.eye(3) * 9 + np.eye(3, k=-1) * 27, np.ones(3, bool))
@example(np.array([4.0, 0, 0]), np.array([0.9, 0, 0]), np.zeros(3), np.eye(3) * 4.0, np.ones(3, bool))
def test_a_pair_within_a_thousandth_along_each_axis_is_found(
    place: np.ndarray, step: np.ndarray, image: np.ndarray, cell: np.ndarray, pbc: np.ndarray
) -> None:
    second = place + step * (0.57 * SAME_PLACE) + (image * pbc) @ cell
    assert found(np.array([place, place + 5.0, second]), cell, pbc)


@settings(max_examples=300, deadline=None)
@given(place=places, step=vectors, cell=cells(), pbc=periodicities)
def test_a_pair_farther_than_a_hundredth_is_left_alone(
    place: np.ndarray, step: np.ndarray, cell: np.ndarray, pbc: np.ndarray
) -> None:
    assume(np.linalg.norm(step) > 0.1)
    second = place + step / np.linalg.norm(step) * (10 * SAME_PLACE * 1.01 + np.linalg.norm(step))
    assume(not _near(place, second, cell, pbc))
    assert not found(np.array([place, second]), cell, pbc)


def _near(a: np.ndarray, b: np.ndarray, cell: np.ndarray, pbc: np.ndarray) -> bool:
    """Whether any image of b within five cells lies within a hundredth of an Å of a: by brute force."""
    steps = np.arange(-5, 6)
    grid = np.stack(np.meshgrid(*[steps if periodic else [0] for periodic in pbc], indexing="ij"), -1).reshape(-1, 3)
    fraction = np.linalg.solve(cell.T, a - b)
    base = np.round(fraction) * pbc
    return bool((np.linalg.norm(b - a + (grid + base) @ cell, axis=1) <= 10 * SAME_PLACE).any())


def test_every_grid_shift_is_needed_and_there() -> None:
    for corner in np.ndindex(2, 2, 2):
        place = np.array(corner) * SAME_PLACE + 7.0
        for direction in ((1, 1, 1), (1, -1, 1), (-1, 1, 1), (-1, -1, 1)):
            second = place + np.array(direction) * 0.5 * SAME_PLACE
            assert found(np.array([place, second]), np.zeros((3, 3)), np.zeros(3, np.bool_))


def test_many_atoms_far_apart_are_left_alone() -> None:
    grid = np.stack(np.meshgrid(*[np.arange(12) * 0.02] * 3), -1).reshape(-1, 3)
    assert not found(grid, np.zeros((3, 3)), np.zeros(3, np.bool_))
