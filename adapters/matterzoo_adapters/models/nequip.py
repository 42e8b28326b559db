"""NequIP and Allegro (nequip, nequip-allegro): the scalars that enter the energy readout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ase
import torch
from allegro.model import AllegroModel
from nequip.data import AtomicDataDict, from_ase
from nequip.integrations.utils import basic_transforms
from nequip.model import NequIPGNNModel
from nequip.model.saved_models.load_utils import load_saved_model
from nequip.utils import torch_default_dtype
from nequip.utils.global_state import set_global_state

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding
from matterzoo_adapters.naming import named
from matterzoo_schemas.elements import SYMBOLS


class NequIPAdapter(AtomsAdapter):
    """All packaged models (`.nequip.zip`) of NequIP; structures in float64, layers in the model's own precision."""

    def load(self) -> None:
        """Load the package in eager mode, or build a small model with random weights for the card's elements."""
        seed, precision = torch.initial_seed() % 2**31, torch.get_default_dtype()
        set_global_state()
        torch.set_default_dtype(precision)
        if self.setup.random_weights:
            model = self.random_model(seed)
        else:
            with named(self.setup.checkpoint, "model.nequip.zip") as package:
                model = load_saved_model(package)
        # A package brings copies of its classes, so go by names. What is wrapped around the energy takes gradients.
        model.model = model.model.func
        self.model = model.to(self.device).eval().requires_grad_(False)
        names = list(model.type_names)
        if unknown := {SYMBOLS[number] for number in self.setup.card["domain"]["elements"]} - set(names):
            raise ValueError(f"the card names elements that the checkpoint does not know: {sorted(unknown)}")
        self.transforms: list[Callable[[Any], Any]] = basic_transforms(
            model.metadata, float(model.metadata["r_max"]), names, {name: name for name in names}
        )

    def refuse(self, batch: AtomsBatch) -> dict[int, str]:
        """Refuse atoms that are all alone: what enters the readout is a sum over neighbours, and then zero."""
        with torch_default_dtype(torch.float64):
            edges = [self._graph(atoms)[AtomicDataDict.EDGE_INDEX_KEY].shape[1] for atoms in batch.ase_atoms]
        reason = f"no two atoms lie within {float(self.model.metadata['r_max']):g} Å, and all features are then zero"
        return {row: reason for row, count in enumerate(edges) if count == 0}

    @torch.inference_mode()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the node scalars `last` [Σ nᵢ, d] and the total energy in eV."""
        with torch_default_dtype(torch.float64):
            graphs = [self._graph(atoms) for atoms in batch.ase_atoms]
            answer = self.model(AtomicDataDict.to_(AtomicDataDict.batched_from_list(graphs), self.device))
        return Embedding({"last": self.nodes(answer)}, answer[AtomicDataDict.TOTAL_ENERGY_KEY].flatten().double())

    def nodes(self, answer: Any) -> torch.Tensor:
        """Return what enters the readout, atom by atom [Σ nᵢ, d]."""
        features: torch.Tensor = answer[AtomicDataDict.NODE_FEATURES_KEY]
        return features

    def random_model(self, seed: int) -> Any:
        """Build a small model of the published kind: three layers, l = 2, no parity, cutoff 6 Å."""
        return NequIPGNNModel(**self.common(seed), num_layers=3, l_max=2, parity=False, num_features=[32, 16, 8])

    def common(self, seed: int) -> dict[str, Any]:
        """Return the arguments that both architectures take."""
        return {
            "seed": seed, "model_dtype": "float32", "r_max": 6.0, "avg_num_neighbors": 60.0,
            "type_names": [SYMBOLS[number] for number in self.setup.card["domain"]["elements"]],
            "per_type_energy_scales": 1.0, "per_type_energy_shifts": 0.0,
        }  # fmt: skip

    def _graph(self, atoms: ase.Atoms) -> Any:
        data = from_ase(atoms)
        for transform in self.transforms:
            data = transform(data)
        return data


class AllegroAdapter(NequIPAdapter):
    """Allegro keeps its features on the edges: an atom's are the sum over its own, as its energy is."""

    def nodes(self, answer: Any) -> torch.Tensor:
        """Sum what enters the edges' readout over the edges of each atom [Σ nᵢ, d]."""
        features: torch.Tensor = answer[AtomicDataDict.EDGE_FEATURES_KEY]
        atoms = len(answer[AtomicDataDict.POSITIONS_KEY])
        center = answer[AtomicDataDict.EDGE_INDEX_KEY][0]
        return features.new_zeros(atoms, features.shape[1]).index_add_(0, center, features)

    def random_model(self, seed: int) -> Any:
        """Build a small model of the published kind: two layers, l = 2, no parity, cutoff 6 Å."""
        return AllegroModel(
            **self.common(seed), num_layers=2, l_max=2, parity=False, num_scalar_features=32, num_tensor_features=8,
            radial_chemical_embed={"_target_": "allegro.nn.TwoBodyBesselScalarEmbed", "num_bessels": 8},
        )  # fmt: skip
