"""MatterGen: the last hidden state of its denoiser, at a noise time close to none."""

from __future__ import annotations

from typing import Any

import ase
import ase.neighborlist
import torch
from mattergen.common.data.chemgraph import ChemGraph
from mattergen.common.data.collate import collate
from mattergen.common.gemnet.gemnet import GemNetT
from mattergen.common.gemnet.layers import scaling
from mattergen.common.gemnet.layers.embedding_block import AtomEmbedding
from mattergen.denoiser import GemNetTDenoiser

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding
from matterzoo_adapters.hooks import entering

CUTOFF = 7.0
PUBLISHED, SMALL = {"width": 512, "blocks": 4}, {"width": 64, "blocks": 2}
"""Sizes in the configuration of `mattergen_base` and `mp_20_base`, and of our untrained twin."""
PREFIX = "diffusion_module.model."
"""Where the checkpoint, which holds the whole diffusion, keeps the denoiser."""


class MatterGenAdapter(AtomsAdapter):
    """The unconditional denoisers; the option `time` says how noisy (0 to 1) a structure is said to be."""

    def load(self) -> None:
        """Load the denoiser out of the checkpoint, or build a small one with random weights."""
        model = denoiser(**(SMALL if self.setup.random_weights else PUBLISHED))
        if not self.setup.random_weights:
            weights = torch.load(self.setup.checkpoint, map_location="cpu", weights_only=False)["state_dict"]
            own = {name.removeprefix(PREFIX): tensor for name, tensor in weights.items() if name.startswith(PREFIX)}
            model.load_state_dict(own)
        self.model = model.to(self.device).eval()
        self.time = float(self.setup.options["time"])

    def refuse(self, batch: AtomsBatch) -> dict[int, str]:
        """Refuse structures without a single pair within the cutoff, of which no graph can be made."""
        lonely = [row for row, atoms in enumerate(batch.ase_atoms) if not _has_pair(atoms)]
        return dict.fromkeys(lonely, f"no two atoms are within {CUTOFF:g} Å of each other")

    @torch.no_grad()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return what enters the prediction of the atoms' kinds [Σ nᵢ, 512]."""
        graphs = collate([_graph(atoms) for atoms in batch.ase_atoms]).to(self.device)
        times = torch.full((len(batch),), self.time, device=self.device)
        with entering(self.model.fc_atom, lambda arguments: arguments[0]) as hidden:
            self.model(graphs, times)
        return Embedding({"last": hidden.value})


def denoiser(width: int, blocks: int) -> GemNetTDenoiser:
    """Build the denoiser of the published configuration, with another width and depth if wanted."""
    # The constructor insists on a file of scaling factors that the published wheel lacks. They are parameters: those of
    # a checkpoint come with it, and without one they stay 1.
    scaling.read_value_json = lambda _path, _name: None
    network: Any = GemNetT(
        num_targets=1,
        latent_dim=width,
        atom_embedding=AtomEmbedding(emb_size=width, with_mask_type=True),
        emb_size_atom=width,
        emb_size_edge=width,
        num_blocks=blocks,
        cutoff=CUTOFF,
        max_neighbors=50,
        max_cell_images_per_dim=5,
        regress_stress=True,
        otf_graph=True,
    )
    return GemNetTDenoiser(network, hidden_dim=width, denoise_atom_types=True, atom_type_diffusion="mask")


def _graph(atoms: ase.Atoms) -> ChemGraph:
    return ChemGraph(
        pos=torch.tensor(atoms.get_scaled_positions(), dtype=torch.float32),
        cell=torch.tensor(atoms.cell.array, dtype=torch.float32)[None],
        atomic_numbers=torch.tensor(atoms.numbers, dtype=torch.long),
        num_atoms=torch.tensor([len(atoms)]),
    )


def _has_pair(atoms: ase.Atoms) -> bool:
    return len(ase.neighborlist.neighbor_list("i", atoms, CUTOFF)) > 0
