"""RDKit's descriptors of a molecule: all that need no conformation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rdkit import Chem
from rdkit.Chem import Descriptors

from matterzoo_adapters.base import Embedding, TextAdapter, TextBatch
from matterzoo_adapters.models.rdkit_names import NAMES


class RDKit2DAdapter(TextAdapter):
    """One number a descriptor, as RDKit gives it: nothing is scaled, and the columns are `NAMES`.

    Some have no number for some molecules (charges of metals, BCUT of ions, Ipc beyond single precision): such a
    number is written as 0, or the molecule refused if the option `undefined` says so.
    """

    backend = "none"
    padded = False

    def load(self) -> None:
        """Take the descriptors by name.

        Raises
        ------
        ValueError
            If this RDKit has others than those that the columns are named by.
        """
        there = dict(Descriptors.descList)
        if differing := there.keys() ^ set(NAMES):
            raise ValueError(f"this RDKit has other descriptors than 2026.9.1: {', '.join(sorted(differing))}")
        self._known: dict[str, npt.NDArray[np.float32] | None] = {}

    def refuse(self, batch: TextBatch) -> dict[int, str]:
        """Refuse what RDKit does not parse, and what it has no number for."""
        self._known.clear()
        reasons = map(self._problem, self.described(batch.strings))
        return {row: reason for row, reason in enumerate(reasons) if reason}

    def embed(self, batch: TextBatch) -> Embedding:
        """Return one vector a molecule [n, 217]."""
        rows = [np.zeros(len(NAMES)) if row is None else row for row in self.described(batch.strings)]
        return Embedding({"descriptors": np.nan_to_num(np.array(rows), posinf=0, neginf=0)}, per_record=True)

    def described(self, strings: Sequence[str]) -> list[npt.NDArray[np.float32] | None]:
        """Return the numbers of each string, NaN or infinite where there is none; None if it does not parse."""
        for string in strings:
            if string not in self._known:
                self._known[string] = _numbers(string)
        return [self._known[string] for string in strings]

    def _problem(self, numbers: npt.NDArray[np.float32] | None) -> str:
        if numbers is None:
            return "RDKit does not parse this SMILES"
        missing = [name for name, number in zip(NAMES, numbers, strict=True) if not np.isfinite(number)]
        if not missing or self.setup.options.get("undefined") == "zero":
            return ""
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        return f"RDKit has no number for {missing[0]}{more} (to read them as 0: the option undefined=zero)"


def _numbers(smiles: str) -> npt.NDArray[np.float32] | None:
    """Return a molecule's descriptors in the order of `NAMES`, in single precision as they are written."""
    molecule: Any = Chem.MolFromSmiles(smiles)
    if molecule is None:
        return None
    calculate: Any = Descriptors.CalcMolDescriptors
    found = calculate(molecule, missingVal=float("nan"), silent=True)
    with np.errstate(over="ignore"):
        return np.array([found[name] for name in NAMES], np.float64).astype(np.float32)
