"""MACE (mace-torch): the descriptors of its interactions, as its authors' `get_descriptors` gives them."""

from __future__ import annotations

from typing import Any

import ase
import numpy as np
import torch
from mace import data, modules, tools
from mace.modules.utils import extract_invariant

# `mace` must be imported before e3nn: it lets torch read the constants that e3nn 0.4.4 keeps as pickles.
from e3nn import o3  # isort: skip

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding


class MACEAdapter(AtomsAdapter):
    """All energy models of MACE; the options `dtype` and `head` are those of `MACECalculator`."""

    def load(self) -> None:
        """Load the pickled model, or build a small one with random weights for the card's elements."""
        self.dtype = torch.float64 if self.setup.options.get("dtype") == "float64" else torch.float32
        model: Any
        if self.setup.random_weights:
            model = random_model(self.setup.card["domain"]["elements"])
        else:
            model = torch.load(self.setup.checkpoint, map_location="cpu", weights_only=False)
        self.model = model.to(self.device, self.dtype).eval().requires_grad_(False)
        self.heads = list(getattr(model, "heads", ["Default"]))
        self.head = self.setup.options.get("head", self.heads[0])
        if self.head not in self.heads or (len(self.heads) > 1 and "head" not in self.setup.options):
            raise ValueError(f"the card's option head must be one of the checkpoint's: {', '.join(self.heads)}")
        self.table = tools.AtomicNumberTable([int(number) for number in model.atomic_numbers])
        if unknown := set(self.setup.card["domain"]["elements"]) - set(self.table.zs):
            raise ValueError(f"the card names elements that the checkpoint does not know: {sorted(unknown)}")
        self.keys = data.KeySpecification(info_keys={"total_spin": "spin", "total_charge": "charge"}, arrays_keys={})

    @torch.no_grad()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the invariant descriptors as `all`, of the last interaction as `last`, and the total energy in eV.

        `equivariant` holds the spherical tensors of all interactions, too: get_descriptors(invariants_only=False).
        """
        with tools.torch_tools.default_dtype(self.dtype):
            graphs = [self._graph(atoms) for atoms in batch.ase_atoms]
            collated = tools.torch_geometric.batch.Batch.from_data_list(graphs).to(self.device)
            answer = self.model(collated.to_dict(), compute_force=False)
        irreps = o3.Irreps(str(self.model.products[0].linear.irreps_out))
        channels = irreps.dim // (irreps.lmax + 1) ** 2
        tensors = answer["node_feats"]
        scalars = extract_invariant(tensors, int(self.model.num_interactions), num_features=channels, l_max=irreps.lmax)
        layers = {"last": scalars[:, -channels:], "all": scalars, "equivariant": tensors}
        return Embedding(layers, answer["energy"].double())

    def _graph(self, atoms: ase.Atoms) -> data.AtomicData:
        configuration = data.config_from_atoms(atoms, key_specification=self.keys, head_name=self.head)
        return data.AtomicData.from_config(
            configuration, z_table=self.table, cutoff=float(self.model.r_max), heads=self.heads
        )


def random_model(elements: list[int]) -> Any:
    """Build a small model of the published kind (two interactions, correlation 3, cutoff 5 Å)."""
    blocks = modules.interaction_classes
    return modules.ScaleShiftMACE(
        r_max=6.0,
        num_bessel=8,
        num_polynomial_cutoff=5,
        max_ell=3,
        interaction_cls=blocks["RealAgnosticResidualInteractionBlock"],
        interaction_cls_first=blocks["RealAgnosticInteractionBlock"],
        num_interactions=2,
        num_elements=len(elements),
        hidden_irreps=o3.Irreps("32x0e + 32x1o"),
        MLP_irreps=o3.Irreps("16x0e"),
        atomic_energies=np.zeros(len(elements)),
        avg_num_neighbors=40.0,
        atomic_numbers=elements,
        correlation=3,
        gate=torch.nn.functional.silu,
        atomic_inter_scale=1.0,
        atomic_inter_shift=0.0,
    )
