"""Patches of a grid on the sphere: where they begin, and how large they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def row_areas(latitude: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the share of the sphere nearest to each latitude [n] in degrees: the bands between midpoints."""
    middles = (latitude[1:] + latitude[:-1]) / 2
    ends = (90.0, -90.0) if latitude[0] > latitude[-1] else (-90.0, 90.0)
    edges = np.sin(np.radians(np.concatenate([ends[:1], middles, ends[1:]])))
    areas: npt.NDArray[np.float64] = np.abs(np.diff(edges)) / 2
    return areas


def patch_areas(latitude: npt.NDArray[np.float64], columns: int, patch: int) -> npt.NDArray[np.float64]:
    """Return the share of the sphere of each patch, row by row; rows that make no whole patch are left out.

    Parameters
    ----------
    latitude
        Of the rows [n] in degrees.
    columns
        How many longitudes there are.
    patch
        Rows and columns of a patch.
    """
    rows = len(latitude) // patch
    bands = row_areas(latitude)[: rows * patch].reshape(rows, patch).sum(axis=1)
    return np.repeat(bands * patch / columns, columns // patch)


def patch_index(rows: int, columns: int, patch: int, levels: int = 1) -> npt.NDArray[np.int64]:
    """Return the number of each patch's first cell in the flat array [levels, rows, columns], level by level."""
    corner = np.add.outer(
        np.arange(rows // patch) * patch * columns, np.arange(columns // patch) * patch, dtype=np.int64
    )
    return np.add.outer(np.arange(levels) * rows * columns, corner.ravel(), dtype=np.int64).ravel()


def bands_of_equal_area(latitude: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    """Return the weights [count, n] of latitudes from north to south in bands of equal area; each band's sum is 1."""
    upper = 1 - 2 * np.concatenate([[0.0], np.cumsum(row_areas(latitude))])
    edges = np.linspace(1, -1, count + 1)
    overlap = np.minimum(edges[:-1, None], upper[None, :-1]) - np.maximum(edges[1:, None], upper[None, 1:])
    weights: npt.NDArray[np.float64] = np.maximum(overlap, 0) * (count / 2)
    return weights
