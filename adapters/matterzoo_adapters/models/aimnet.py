"""AIMNet2 (aimnet): the atoms-in-molecules vectors that its output networks read; one member of four."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aimnet
import numpy as np
import torch
from aimnet.calculators import AIMNet2Calculator
from aimnet.config import build_module

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding
from matterzoo_adapters.hooks import leaving

ARCHITECTURE = Path(aimnet.__file__).parent / "models" / "aimnet2.yaml"
"""What the package builds a new model from."""


class AIMNetAdapter(AtomsAdapter):
    """All AIMNet2 families. All read the charge, and the open-shell one (`nse`) the spin multiplicity too."""

    def load(self) -> None:
        """Load the checkpoint by the package's calculator, or build the published architecture with random weights."""
        source: Any = build_module(str(ARCHITECTURE)) if self.setup.random_weights else str(self.setup.checkpoint)
        self.calculator = AIMNet2Calculator(source, device=str(self.device))
        self.model = self.calculator.model
        metadata = self.calculator.metadata or {}
        self.charged = metadata.get("supports_charged_systems") is not False
        known = metadata.get("implemented_species") or range(self.model.afv.num_embeddings)
        if unknown := set(self.setup.card["domain"]["elements"]) - set(known):
            raise ValueError(f"the card names elements that the checkpoint does not know: {sorted(unknown)}")

    def refuse(self, batch: AtomsBatch) -> dict[int, str]:
        """Refuse charged molecules where the checkpoint declares that it was made for neutral ones."""
        if self.charged:
            return {}
        charges = stated([atoms.charge for atoms in batch.structures], default=0.0)
        return {row: f"its charge is {q:g}, and the model takes 0 only" for row, q in enumerate(charges.tolist()) if q}

    @torch.no_grad()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the vectors [Σ nᵢ, 256] and the total energy in eV; what is not stated is neutral and a singlet."""
        molecules: dict[str, Any] = {
            "coord": batch.positions.astype(np.float32),
            "numbers": batch.numbers.astype(np.int64),
            "charge": stated([atoms.charge for atoms in batch.structures], default=0.0),
            "mol_idx": np.repeat(np.arange(len(batch)), batch.sizes),
        }
        if self.calculator.is_nse:
            molecules["mult"] = stated([atoms.spin for atoms in batch.structures], default=1.0)
        with leaving(self.model, lambda answer: answer["aim"]) as vectors:
            answer = self.calculator(molecules)
        atoms = len(batch.numbers)
        if len(vectors.value) != atoms + 1:
            raise RuntimeError(f"{len(vectors.value)} rows for {atoms} atoms, where one of padding was expected")
        return Embedding({"aim": vectors.value[:atoms]}, answer["energy"].double())


def stated(values: list[float], *, default: float) -> np.ndarray:
    """Return values [n], with the default where none was stated."""
    return np.nan_to_num(np.asarray(values, np.float32), nan=default)
