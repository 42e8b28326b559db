"""Uni-Mol and Uni-Mol2 (unimol_tools): the encoder's last states of the atoms, without those of its special tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import unimol_hf
from ase.data import chemical_symbols
from unimol_tools.data.conformer import coords2unimol, create_mol_from_atoms_and_coords, mol2unimolv2
from unimol_tools.models import UniMolModel, UniMolV2Model

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding
from matterzoo_adapters.hooks import leaving
from matterzoo_schemas.columns import offsets_of
from matterzoo_schemas.views import Structure

VOCABULARY = Path(unimol_hf.__file__).parent / "pretrained" / "unimol-v1-allh" / "mol.dict.txt"
"""Tokens of both molecular checkpoints of Uni-Mol; one of another length has other shapes, and does not load."""
MOST_ATOMS = 256
"""Of a larger molecule the package takes a random part."""
HEAD = "classification_head."
"""What the package adds to be trained later, and what no checkpoint holds."""


class UniMol(UniMolModel):  # type: ignore[misc]
    """Uni-Mol as its constructor draws it: the package's own cannot be built without a checkpoint."""

    def load_pretrained_weights(self, path: str, strict: bool = False) -> None:
        """Load nothing."""


class UniMol2(UniMolV2Model):  # type: ignore[misc]
    """Uni-Mol2 as its constructor draws it: the package's own cannot be built without a checkpoint."""

    def load_pretrained_weights(self, path: str, strict: bool = False) -> None:
        """Load nothing."""


class UniMolAdapter(AtomsAdapter):
    """Uni-Mol, trained with all hydrogens."""

    padded = True
    hydrogens: ClassVar[bool] = True

    def load(self) -> None:
        """Build the model and load the checkpoint; every array of it but the head's must be there."""
        self.model = self.build()
        del self.model.classification_head
        if not self.setup.random_weights:
            content = torch.load(self.setup.checkpoint, map_location="cpu", weights_only=True)
            missing, _ = self.model.load_state_dict(content.get("model", content), strict=False)
            if missing:
                raise ValueError(f"the checkpoint lacks {len(missing)} of the model's arrays, such as {missing[0]}")
        self.model = self.model.to(self.device).eval().requires_grad_(False)

    def build(self) -> Any:
        """Build the model, and make sure that every element of the card is a token of its own."""
        model = UniMol(1, "molecule", pretrained_model_path="", pretrained_dict_path=str(VOCABULARY))
        symbols = {chemical_symbols[number] for number in self.setup.card["domain"]["elements"]}
        if unknown := symbols - set(model.dictionary.symbols):
            raise ValueError(f"the card names elements that the vocabulary does not hold: {', '.join(sorted(unknown))}")
        return model

    def features(self, symbols: list[str], positions: np.ndarray) -> dict[str, Any]:
        """Make the package's input of one molecule."""
        features: dict[str, Any] = coords2unimol(
            symbols, positions, self.model.dictionary, MOST_ATOMS, remove_hs=not self.hydrogens
        )
        return features

    def refuse(self, batch: AtomsBatch) -> dict[int, str]:
        """Refuse molecules of which the package would take a random part, and those of which it would leave nothing."""
        kept = [len(self._kept(atoms)) for atoms in batch.structures]
        large = {row: f"{n} atoms, and the model takes {MOST_ATOMS}" for row, n in enumerate(kept) if n > MOST_ATOMS}
        return large | {
            row: "it is hydrogen alone, which the model does not read" for row, n in enumerate(kept) if not n
        }

    @torch.inference_mode()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the last states of the atoms that the model reads [Σ nᵢ, d]."""
        kept = [self._kept(atoms) for atoms in batch.structures]
        sizes = np.array([len(rows) for rows in kept])
        samples = [self._sample(atoms, rows) for atoms, rows in zip(batch.structures, kept, strict=True)]
        vectors = [torch.empty(0)] * len(samples)
        for group in self.groups(sizes):
            states = self._states([samples[row] for row in group])
            for row, tokens in zip(group, states, strict=True):
                vectors[row] = tokens[1 : 1 + sizes[row]]  # [CLS] before them; [SEP] (not in Uni-Mol2), padding after
        return Embedding({"final": torch.cat(vectors)}, offsets=offsets_of(sizes), index=np.concatenate(kept))

    def groups(self, sizes: np.ndarray) -> list[np.ndarray]:
        """Say which molecules run together."""
        return [np.arange(len(sizes))]

    def _kept(self, atoms: Structure) -> np.ndarray:
        """Return the rows of the atoms that the model reads."""
        return np.flatnonzero(self.hydrogens | (atoms.numbers != 1))

    def _sample(self, atoms: Structure, rows: np.ndarray) -> dict[str, Any]:
        symbols = [chemical_symbols[number] for number in atoms.numbers[rows]]
        return self.features(symbols, atoms.positions[rows])

    def _states(self, samples: list[dict[str, Any]]) -> torch.Tensor:
        inputs, _ = self.model.batch_collate_fn([(sample, 0) for sample in samples])
        with leaving(self.model.encoder, lambda answer: answer[0]) as states:
            self.model(**{name: values.to(self.device) for name, values in inputs.items()}, return_repr=True)
        return states.value


class UniMolHeavyAdapter(UniMolAdapter):
    """Uni-Mol, trained without hydrogens."""

    hydrogens = False


class UniMol2Adapter(UniMolAdapter):
    """Uni-Mol2, which reads no hydrogens; the card's `version` is the package's name of the size."""

    hydrogens = False

    def build(self) -> Any:
        """Build the model; its tokens are the atomic numbers."""
        return UniMol2(1, self.setup.card["version"], pretrained_model_path="")

    def features(self, symbols: list[str], positions: np.ndarray) -> dict[str, Any]:
        """Make the package's input of one molecule, which has no bonds where only positions are given."""
        molecule = create_mol_from_atoms_and_coords(symbols, positions.tolist())
        features: dict[str, Any] = mol2unimolv2(molecule, MOST_ATOMS)
        return features

    def groups(self, sizes: np.ndarray) -> list[np.ndarray]:
        """Run molecules of one size together: the package does not mask padding here, which changes their vectors."""
        return [np.flatnonzero(sizes == size) for size in np.unique(sizes)]
