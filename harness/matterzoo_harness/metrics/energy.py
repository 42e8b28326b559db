"""Energies of different levels of theory, made comparable (arXiv 2512.03750, eqs 1–4)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from matterzoo_harness.metrics.errors import MetricError

Floats = NDArray[np.float64]


def composition_corrected(energy: NDArray[Any], counts: NDArray[Any]) -> Floats:
    """Take a linear model of the composition off total energies.

    Parameters
    ----------
    energy
        [N] total energies in eV.
    counts
        [N, elements] how many atoms of each element a record has.

    Returns
    -------
    Floats
        ΔE = E − (wᵀc + b) [N] in eV, with w and b by least squares over these records.
    """
    design = np.column_stack([np.asarray(counts, dtype=np.float64), np.ones(len(counts))])
    target = np.asarray(energy, dtype=np.float64)
    weights = np.linalg.lstsq(design, target, rcond=None)[0]
    corrected: Floats = target - design @ weights
    return corrected


def corrected_mae(reference: NDArray[Any], predicted: NDArray[Any], counts: NDArray[Any]) -> float:
    """Mean absolute difference of composition-corrected energies, in eV a record (not an atom).

    The linear model is fitted twice, once to the reference and once to the predictions, which removes the offset of
    elemental reference energies between levels of theory. Records where either energy is missing are left out.

    Raises
    ------
    MetricError
        For different lengths, or no more records than elements, where the fit leaves nothing over.
    """
    if not len(reference) == len(predicted) == len(counts):
        raise MetricError(
            f"{len(reference)} reference energies, {len(predicted)} predictions and {len(counts)} compositions"
        )
    keep = np.isfinite(reference) & np.isfinite(predicted)
    used = np.asarray(counts)[keep]
    rank = int(np.linalg.matrix_rank(np.column_stack([used, np.ones(len(used))]))) if keep.any() else 0
    if keep.sum() <= rank:
        raise MetricError(
            f"{int(keep.sum())} records with both energies are fitted exactly by their composition alone",
            "give more records than there are elements",
        )
    difference = composition_corrected(np.asarray(reference)[keep], used) - composition_corrected(
        np.asarray(predicted)[keep], used
    )
    return float(np.abs(difference).mean())
