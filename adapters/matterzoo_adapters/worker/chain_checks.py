"""Which backbones no model, or not this model, can take."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matterzoo_schemas.shard import Status

NAMES = ("N", "CA", "C", "O")
FRAME = 3
"""N, CA and C make a residue's frame; O follows from them and the next residue, and many models do without."""


def refused_chain(backbone: npt.NDArray[np.float64], *, missing_atoms: bool) -> tuple[Status, str] | None:
    """Say why a backbone must not reach the model; None if it may.

    Parameters
    ----------
    backbone
        N, CA, C and O of each residue [residues, 4, 3] in Å; NaN where the file has no atom.
    missing_atoms
        Whether the model takes residues that lack N, CA or C.
    """
    if np.isinf(backbone).any():
        return Status.INVALID, "a coordinate is infinite"
    missing = np.asarray(np.isnan(backbone).any(axis=-1))
    if missing[:, :FRAME].any(axis=1).all():
        return Status.INVALID, "no residue has N, CA and C"
    if missing_atoms or not missing[:, :FRAME].any():
        return None
    row, atom = np.argwhere(missing[:, :FRAME])[0].tolist()
    return Status.UNSUPPORTED, f"residue {row + 1} lacks {NAMES[atom]}, and this model takes whole residues only"
