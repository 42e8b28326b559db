"""DPA-3 (deepmd-kit): the descriptor that enters the fitting network."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from deepmd.infer import DeepPot
from deepmd.pt.model.model import get_model
from deepmd.pt.utils.env import GLOBAL_PT_FLOAT_PRECISION
from deepmd.pt_expt.utils.vesin_neighbor_list import VesinNeighborList

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding
from matterzoo_adapters.hooks import entering
from matterzoo_adapters.naming import named
from matterzoo_schemas.elements import SYMBOLS
from matterzoo_schemas.views import Structure


class DPAAdapter(AtomsAdapter):
    """All DPA-3 checkpoints (`.pt`); the option `head` is the branch of one that was trained on several data sets."""

    def load(self) -> None:
        """Load the checkpoint in eager mode, or build a small model with random weights for the card's elements."""
        if self.setup.random_weights:
            model = get_model(small([SYMBOLS[number] for number in self.setup.card["domain"]["elements"]]))
        else:
            with named(self.setup.checkpoint, "model.pt") as file:
                potential = DeepPot(str(file), head=self.setup.options.get("head"), no_jit=True)
            model = potential.deep_eval.dp.model["Default"]
        if model.get_dim_fparam() not in (0, 2):
            raise ValueError(f"the checkpoint takes {model.get_dim_fparam()} numbers a structure, not charge and spin")
        self.model = model.to(self.device).eval().requires_grad_(False)
        self.types = {symbol: index for index, symbol in enumerate(model.get_type_map())}
        known = set(self.types)
        if unknown := {SYMBOLS[number] for number in self.setup.card["domain"]["elements"]} - known:
            raise ValueError(f"the card names elements that the checkpoint does not know: {sorted(unknown)}")

    def refuse(self, batch: AtomsBatch) -> dict[int, str]:
        """Refuse what is periodic in some directions and near its images in another: to DeePMD-kit all are alike."""
        cutoff = self.model.get_rcut()
        return {
            row: f"across a direction without periodicity its images lie within {cutoff:g} Å, and DPA would see them"
            for row, atoms in enumerate(batch.structures)
            if atoms.pbc.any() and not atoms.pbc.all() and gap(atoms) < cutoff
        }

    @torch.no_grad()
    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the descriptor [Σ nᵢ, d] and the total energy in eV."""
        positions, types, neighbours, origins = self._frames(batch)
        stated = np.stack([batch.records.atoms.charge, batch.records.atoms.spin], axis=1)
        charge_and_spin = self._tensor(np.where(np.isnan(stated), (0.0, 1.0), stated))
        with entering(self.model.atomic_model.fitting_net, lambda arguments: arguments[0]) as descriptor:
            answer = self.model.atomic_model.forward_common_atomic(
                positions,
                types,
                self.model.format_nlist(positions, types, neighbours),
                mapping=origins,
                fparam=charge_and_spin if self.model.get_dim_fparam() else None,
                charge_spin=charge_and_spin if self.model.has_chg_spin_ebd() else None,
            )
        real = types[:, : neighbours.shape[1]] >= 0
        return Embedding({"descriptor": descriptor.value[real]}, answer["energy"].sum(dim=(1, 2)).double())

    def _frames(self, batch: AtomsBatch) -> tuple[torch.Tensor, ...]:
        """Lay out a batch as DeePMD-kit does: a frame a structure, its atoms first, then the images they see.

        Returns
        -------
        positions [n, a, 3], types [n, a], neighbours [n, m, k], origins [n, a]
            m is the size of the largest structure, a − m the most images; what is empty has type −1, neighbour −1.
        """
        frames = [self._frame(atoms) for atoms in batch.structures]
        atoms, images = int(batch.sizes.max()), max(len(frame[1]) - len(frame[2]) for frame in frames)
        count, most = len(frames), max(frame[2].shape[1] for frame in frames)
        positions = frames[0][0].new_zeros(count, atoms + images, 3)
        types, origins = (frames[0][1].new_full((count, atoms + images), fill) for fill in (-1, 0))
        neighbours = frames[0][2].new_full((count, atoms, most), -1)
        for row, (place, kind, near, origin) in enumerate(frames):
            own, end = len(near), atoms + len(kind) - len(near)
            for whole, part in ((positions, place), (types, kind), (origins, origin)):
                whole[row, :own], whole[row, atoms:end] = part[:own], part[own:]
            neighbours[row, :own, : near.shape[1]] = torch.where(near >= own, near + atoms - own, near)
        return positions, types, neighbours, origins

    def _frame(self, atoms: Structure) -> tuple[torch.Tensor, ...]:
        """Find the neighbours and images of one structure: positions, types, neighbours, origins."""
        found = VesinNeighborList().build(
            self._tensor(atoms.positions)[None],
            torch.tensor([[self.types[SYMBOLS[number]] for number in atoms.numbers]], device=self.device),
            self._tensor(atoms.cell)[None] if atoms.pbc.any() else None,
            self.model.get_rcut(),
            list(self.model.get_sel()),
        )
        return tuple(part[0] for part in found)

    def _tensor(self, array: Any) -> torch.Tensor:
        return torch.tensor(array, dtype=GLOBAL_PT_FLOAT_PRECISION, device=self.device)


def gap(atoms: Structure) -> float:
    """Return the smallest distance in Å between a structure and its images across its non-periodic directions."""
    if np.linalg.matrix_rank(atoms.cell) < 3:
        return 0.0
    reciprocal = np.linalg.inv(atoms.cell)
    empty = (1 - np.ptp(atoms.positions @ reciprocal, axis=0)) / np.linalg.norm(reciprocal, axis=0)
    return float(empty[~atoms.pbc].min())


def small(symbols: list[str]) -> dict[str, Any]:
    """Describe a small model of the published kind: three layers, 32 channels, cutoffs 6 Å and 4 Å."""
    seed = torch.initial_seed() % 2**31
    flow = {
        "n_dim": 32, "e_dim": 16, "a_dim": 16, "nlayers": 3, "axis_neuron": 4, "update_angle": True,
        "e_rcut": 6.0, "e_rcut_smth": 5.3, "e_sel": 200, "a_rcut": 4.0, "a_rcut_smth": 3.5, "a_sel": 80,
        "a_compress_rate": 1, "a_compress_e_rate": 2, "a_compress_use_split": True, "fix_stat_std": 0.3,
        "update_style": "res_residual", "update_residual": 0.1, "update_residual_init": "const",
        "smooth_edge_update": True, "use_dynamic_sel": True, "sel_reduce_factor": 10.0,
    }  # fmt: skip
    activation = {"activation_function": "silut:10.0", "precision": "float32", "seed": seed}
    return {
        "type_map": symbols,
        "descriptor": {"type": "dpa3", "repflow": flow, **activation},
        "fitting_net": {"neuron": [32, 32], "resnet_dt": True, **activation},
    }
