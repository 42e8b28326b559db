"""The evolutionary tree of models: Jensen–Shannon distances of alignment profiles, joined as neighbours."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon

from matterzoo_harness.metrics.errors import MetricError

EPSILON = 1e-6


def profile_distances(
    alignment: NDArray[np.float64], alpha: float = 0.5, epsilon: float = EPSILON
) -> NDArray[np.float64]:
    """Distances between models by how they align with all others (arXiv 2512.03750, appendix).

    D_ij = α √JSD(R_i, R_j) + (1 − α) √JSD(K_i, K_j), base 2, with row profiles R_i(j) = (C_ij + ε)/(Σ_j C_ij + Mε) and
    the column profiles K_i likewise. Alignments below zero count as zero. The paper does not give α and ε.

    Parameters
    ----------
    alignment
        C [M, M], finite.
    alpha
        Share of the row profiles.
    epsilon
        Added to every alignment.
    """
    if not np.isfinite(alignment).all():
        raise MetricError("the alignment has missing numbers", "leave degenerate models out of the tree")
    positive = np.maximum(alignment, 0) + epsilon
    rows, columns = positive / positive.sum(1, keepdims=True), (positive / positive.sum(0)).T
    size = len(alignment)
    distance = np.zeros((size, size))
    for i in range(size):
        for j in range(i + 1, size):
            value = alpha * jensenshannon(rows[i], rows[j], base=2)
            value += (1 - alpha) * jensenshannon(columns[i], columns[j], base=2)
            distance[i, j] = distance[j, i] = value
    return distance


def newick(
    names: Sequence[str],
    alignment: NDArray[np.float64],
    *,
    alpha: float = 0.5,
    epsilon: float = EPSILON,
    leave_out: Collection[str] = (),
) -> str:
    """Return the neighbour-joining tree of the models, in Newick.

    Parameters
    ----------
    names, alignment
        M ≥ 3 models and their CKNNA [M, M].
    alpha, epsilon
        See `profile_distances`.
    leave_out
        Models that are not in the tree (random baselines, say); their columns stay out of the profiles too.
    """
    from skbio import DistanceMatrix
    from skbio.tree import nj

    kept = [i for i, name in enumerate(names) if name not in leave_out]
    if len(kept) < 3:
        raise MetricError(f"{len(kept)} models make no tree", "give at least three")
    distances = profile_distances(alignment[np.ix_(kept, kept)], alpha, epsilon)
    tree = nj(DistanceMatrix(distances, [names[i] for i in kept]))
    return str(tree).strip()
