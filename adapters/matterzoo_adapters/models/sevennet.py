"""SevenNet (sevenn): the scalar node features that enter the readout."""

from __future__ import annotations

from pathlib import Path

import ase
import sevenn
import sevenn._keys as KEY  # noqa: N812 (the name it has throughout the package)
import torch
from sevenn.atom_graph_data import AtomGraphData
from sevenn.checkpoint import SevenNetCheckpoint
from sevenn.model_build import build_E3_equivariant_model
from sevenn.train.dataload import unlabeled_atoms_to_graph
from torch_geometric.data import Batch

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding
from matterzoo_adapters.hooks import entering

CARRIED = Path(sevenn.__file__).parent / "pretrained_potentials"
ARCHITECTURE = CARRIED / "SevenNet_0__11Jul2024" / "checkpoint_sevennet_0.pth"
"""Whose sizes and mean number of neighbours a random build takes, and nothing else of it."""


class SevenNetAdapter(AtomsAdapter):
    """All SevenNet checkpoints; those the package carries are named by their path in it."""

    def load(self) -> None:
        """Load the checkpoint, or build SevenNet-0 as its constructor draws it; no forces, hence no gradients."""
        if self.setup.random_weights:
            sizes = SevenNetCheckpoint(ARCHITECTURE).config
            neighbours = sizes[KEY.AVG_NUM_NEIGH][0] ** 0.5
            fixed = {KEY.SHIFT: 0.0, KEY.SCALE: 1.0, KEY.CONV_DENOMINATOR: neighbours}
            model = build_E3_equivariant_model(sizes | fixed)
        elif self.setup.card["checkpoint"]["source"] == "package":
            model = SevenNetCheckpoint(CARRIED.parent / self.setup.card["checkpoint"]["file"]).build_model()
        else:
            model = SevenNetCheckpoint(self.setup.checkpoint).build_model()
        model.delete_module_by_key("force_output")
        model.key_grad = None
        model.set_is_batch_data(True)
        self.model = model.to(self.device).eval()

    @torch.inference_mode()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the scalars of the last interaction [Σ nᵢ, 128] and the total energy in eV."""
        data = Batch.from_data_list([self._graph(atoms) for atoms in batch.ase_atoms]).to(self.device)
        readout = self.model.get_submodule("reduce_input_to_hidden")
        with entering(readout, lambda arguments: arguments[0][KEY.NODE_FEATURE]) as features:
            energy = self.model(data)[KEY.PRED_TOTAL_ENERGY]
        return Embedding({"final": features.value}, energy.double())

    def _graph(self, atoms: ase.Atoms) -> AtomGraphData:
        graph = AtomGraphData.from_numpy_dict(unlabeled_atoms_to_graph(atoms, self.model.cutoff))
        if "modal" in self.setup.options:
            graph[KEY.DATA_MODALITY] = self.setup.options["modal"]
        return graph
