"""FAIRChem 2 (fairchem-core): the scalars of the node embedding of UMA and of eSEN."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ase
import hydra
import torch
from fairchem.core.datasets.atomic_data import AtomicData, atomicdata_list_to_batch
from fairchem.core.units.mlip_unit import InferenceSettings, MLIPPredictUnit, load_predict_unit
from fairchem.core.units.mlip_unit.api.inference import MLIPInferenceCheckpoint

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding
from matterzoo_adapters.hooks import leaving

CHARGED = "omol"
"""The one task whose data have charges and spins; the others expect 0 and 0 (docs/core/uma.md of fairchem)."""

SETTINGS = InferenceSettings(execution_mode="general", auto_add_default_untrained_tasks=False)
"""Float32, nothing merged or compiled: a batch may hold any compositions, and the image needs no compiler."""


class FAIRChemAdapter(AtomsAdapter):
    """Inference checkpoints of fairchem-core 2; the option `task` is UMA's, and eSEN's is the only one it has."""

    def load(self) -> None:
        """Load the checkpoint, or one with random weights written in the same format."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "random.pt"
            if self.setup.random_weights:
                options = self.setup.card["options"]
                torch.save(random_checkpoint(options["task"]["allowed"] if "task" in options else [CHARGED]), path)
            else:
                path = self.setup.checkpoint
            self.unit = load_predict_unit(path, SETTINGS, device=self.device.type, seed=self.setup.seed)
        # The package casts its tables of constants at the first prediction; weights are fingerprinted before it.
        self.model = self.unit.model.to(SETTINGS.base_precision_dtype)
        known = list(self.unit.dataset_to_tasks)
        self.task = self.setup.options.get("task", known[0])
        if self.task not in known or (len(known) > 1 and "task" not in self.setup.options):
            raise ValueError(f"the card's option task must be one of the checkpoint's: {', '.join(known)}")
        predict_energy_only(self.unit)

    def refuse(self, batch: AtomsBatch) -> dict[int, str]:
        """Refuse a lone atom without periodicity where the checkpoint was not made for it, as the package does."""
        if self.model.module.supports_single_atoms:
            return {}
        lone = (batch.sizes == 1) & ~batch.pbc.any(axis=1)
        return dict.fromkeys(lone.nonzero()[0].tolist(), "a single atom in no cell, which this checkpoint cannot take")

    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the l = 0 part of the last, normalised node embedding [Σ nᵢ, channels] and the total energy in eV.

        Each edge's frame is turned by an angle drawn at random, which moves the result in its last digits: drawn from
        the same seed every time, the same question has the same answer.
        """
        data = atomicdata_list_to_batch([self._graph(atoms) for atoms in batch.ase_atoms])
        torch.manual_seed(self.setup.seed)
        with leaving(self.model.module.backbone, lambda answer: answer["node_embedding"][:, 0]) as nodes:
            energy = self.unit.predict(data)["energy"]
        return Embedding({"final": nodes.value}, energy.double())

    def _graph(self, atoms: ase.Atoms) -> AtomicData:
        if self.task != CHARGED:
            atoms.info.clear()
        self.unit.validate_atoms_data(atoms, self.task)
        return AtomicData.from_ase(atoms, task_name=self.task, r_data_keys=["spin", "charge"])


def predict_energy_only(unit: MLIPPredictUnit) -> None:
    """Leave out forces and stress where they are gradients, which cost a backward pass."""
    wanted = unit.model.module.backbone.regress_config
    wanted.forces = wanted.stress = False
    for tasks in unit.dataset_to_tasks.values():
        tasks[:] = [task for task in tasks if task.property == "energy"]


def random_checkpoint(datasets: Sequence[str]) -> MLIPInferenceCheckpoint:
    """Build a small model of the published kind: routed through experts for several data sets (UMA), not for one."""
    mapping = {name: name for name in datasets}
    config: dict[str, Any] = {
        "_target_": "fairchem.core.models.base.HydraModel",
        "model_id": "random",
        "pass_through_head_outputs": True,
        "backbone": {
            "model": "fairchem.core.models.uma.escn_moe.eSCNMDMoeBackbone",
            "num_experts": 8 if len(datasets) > 1 else 0,
            "use_composition_embedding": True,
            "sphere_channels": 32,
            "edge_channels": 32,
            "hidden_channels": 32,
            "num_distance_basis": 64,
            "num_layers": 2,
            "otf_graph": True,
            "cutoff": 6.0,
            "ff_type": "spectral",
            "chg_spin_emb_type": "rand_emb",
            "direct_forces": False,
            "dataset_mapping": mapping,
        },
        "heads": {
            "energyandforcehead": {
                "module": "fairchem.core.models.uma.escn_moe.DatasetSpecificMoEWrapper",
                "head_cls": "fairchem.core.models.uma.escn_md.MLP_EFS_Head",
                "head_kwargs": {"wrap_property": False},
                "wrap_property": True,
                "dataset_mapping": mapping,
            }
        },
    }
    tasks = [
        {
            "_target_": "fairchem.core.units.mlip_unit.mlip_unit.Task",
            "name": f"{name}_energy",
            "level": "system",
            "property": "energy",
            "out_spec": {"dim": [1], "dtype": "float32"},
            "normalizer": {"_target_": "fairchem.core.modules.normalization.normalizer.Normalizer"},
            "datasets": [name],
        }
        for name in datasets
    ]
    model = hydra.utils.instantiate(config)
    averaged = torch.optim.swa_utils.AveragedModel(model)
    return MLIPInferenceCheckpoint(config, model.state_dict(), averaged.state_dict(), tasks)
