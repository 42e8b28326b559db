"""FAIRChem 1 (fairchem-core 1.10): the scalars of the last node embedding of EquiformerV2 and of eSEN-30M."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import ase
import numpy as np
import torch
from ase.neighborlist import neighbor_list
from fairchem.core import OCPCalculator
from fairchem.core.common.registry import registry
from fairchem.core.datasets import data_list_collater
from fairchem.core.models.base import HydraModel
from fairchem.core.models.equiformer_v2 import EquiformerV2, equiformer_v2_dens
from fairchem.core.models.equiformer_v2.trainers import forces_trainer
from fairchem.core.models.esen import esen

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding
from matterzoo_adapters.hooks import leaving

NEEDED = (HydraModel, EquiformerV2, equiformer_v2_dens, forces_trainer, esen)
"""Importing them registers them under the names that checkpoints use."""
# Else the calculator imports every model of the package, and with GemNet-OC torch_sparse, which nothing here needs.
registry.register("imports_setup", True)


class FAIRChem1Adapter(AtomsAdapter):
    """Checkpoints of `OCPCalculator`: the EquiformerV2 of OC20 and of OMat24 (with DeNS or without), and eSEN-30M."""

    def load(self) -> None:
        """Load the checkpoint, or one with random weights written in the same format; energies only, no gradients."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "random.pt"
            if self.setup.random_weights:
                torch.save(random_checkpoint(self.setup.card["family"]), path)
            else:
                path = self.setup.checkpoint
            on_cpu = self.device.type == "cpu"
            self.calculator = OCPCalculator(
                checkpoint_path=path, cpu=on_cpu, seed=self.setup.seed, only_output=["energy"]
            )
        self.model = self.calculator.trainer._unwrapped_model.eval().requires_grad_(False)
        self.backbone = getattr(self.model, "backbone", self.model)
        # One by one: in one piece, a batch takes the periodicity of its first structure for that of all.
        self.backbone.use_pbc_single = True
        for part in (self.backbone, *getattr(self.model, "output_heads", {}).values()):
            if hasattr(part, "regress_forces") and not getattr(self.backbone, "direct_forces", True):
                part.regress_forces = part.regress_stress = False

    def refuse(self, batch: AtomsBatch) -> dict[int, str]:
        """Refuse structures without any two neighbours: the package builds its frames from the edges."""
        cutoff = float(self.backbone.cutoff)
        alone = [row for row, atoms in enumerate(batch.ase_atoms) if not has_neighbours(atoms, cutoff)]
        return dict.fromkeys(alone, f"no two atoms lie within {cutoff:g} Å of each other")

    @torch.no_grad()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the l = 0 part of the last, normalised node embedding [Σ nᵢ, channels] and the energy in eV.

        Each edge's frame is turned by an angle drawn at random, which moves the result in its last digits: drawn from
        the same seed every time, the same question has the same answer.
        """
        graphs = [self.calculator.a2g.convert(atoms) for atoms in batch.ase_atoms]
        torch.manual_seed(self.setup.seed)
        with leaving(self.backbone.norm, lambda normed: normed[:, 0]) as nodes:
            answer = self.calculator.trainer.predict(
                data_list_collater(graphs, otf_graph=True), per_image=False, disable_tqdm=True
            )
        return Embedding({"final": nodes.value}, answer["energy"].double().flatten())


def has_neighbours(atoms: ase.Atoms, cutoff: float) -> bool:
    """Tell whether any two atoms, periodic images among them, lie within the cutoff in Å."""
    step = np.linalg.norm(atoms.positions[1:] - atoms.positions[:1], axis=1)
    return bool((step < cutoff).any()) or len(neighbor_list("i", atoms, cutoff)) > 0


def random_checkpoint(family: str) -> dict[str, Any]:
    """Build a small model of the published kind, in the format of the package's trainers."""
    shared = {"max_num_elements": 96, "num_layers": 2, "sphere_channels": 32, "edge_channels": 32, "otf_graph": True}
    if family == "esen-30m":
        backbone = {
            "model": "esen_backbone",
            "max_neighbors": 300,
            "cutoff": 6.0,
            "hidden_channels": 32,
            "num_distance_basis": 64,
            "distance_function": "gaussian",
            "act_type": "gate",
            "mlp_type": "spectral",
            "use_envelope": True,
            "direct_forces": False,
            "regress_forces": True,
        }
        head = "esen_mlp_efs_head"
    else:
        backbone = {
            "model": "equiformer_v2_backbone",
            "max_neighbors": 20,
            "max_radius": 12.0,
            "enforce_max_neighbors_strictly": False,
            "attn_hidden_channels": 32,
            "num_heads": 4,
            "attn_alpha_channels": 32,
            "attn_value_channels": 16,
            "ffn_hidden_channels": 64,
            "lmax_list": [2],
            "mmax_list": [2],
            "weight_init": "uniform",
        }
        head = "equiformerV2_scalar_head"
    heads = {"energy": {"module": head}}
    model = {"pass_through_head_outputs": True, "backbone": {**shared, **backbone}, "heads": heads}
    config = {
        "trainer": "ocp",
        "model": {"name": "hydra", **model},
        "dataset": {"src": ""},
        "outputs": {"energy": {"level": "system"}},
        "loss_functions": [{"energy": {"fn": "mae"}}],
        "evaluation_metrics": {},
        "optim": {},
    }
    return {"config": config, "state_dict": HydraModel(**model).state_dict(), "normalizers": {}}
