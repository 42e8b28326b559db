"""NequIP's own calculator, for NequIP and Allegro."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from ase import Atoms
from ase.data import atomic_numbers

from references import Answer, Reference


def whole(adapter: Any) -> torch.nn.Module:
    """Return a copy of the adapter's model with what takes forces and stresses around its energy."""
    from nequip.nn import ForceStressOutput

    model = deepcopy(adapter.model)
    model.model = ForceStressOutput(model.model)
    return model


def reference(adapter: Any) -> Reference:
    """`NequIPCalculator`'s energy, forces and all, and what enters the module that it reads the energy from."""
    from nequip.integrations.ase import NequIPCalculator

    return asking(NequIPCalculator(whole(adapter), device="cpu", transforms=adapter.transforms))


def asking(calculator: Any) -> Reference:
    """Let a calculator answer, in its package's own precision."""
    from nequip.utils import torch_default_dtype

    modules = dict(calculator.model.model.func.named_children())
    on_edges = "edge_readout" in modules

    def call(atoms: Atoms) -> Answer:
        entered: list[dict[str, torch.Tensor]] = []
        readout = modules["edge_readout" if on_edges else "per_atom_energy_readout"]
        handle = readout.register_forward_pre_hook(lambda _, arguments: entered.append(dict(arguments[0])))
        with torch_default_dtype(torch.float64):
            atoms = atoms.copy()
            atoms.calc = calculator
            energy = atoms.get_potential_energy()
        handle.remove()
        if not on_edges:
            return entered[0]["node_features"].detach().numpy(), energy
        features = entered[0]["edge_features"].detach().double().numpy()
        vectors = np.zeros((len(atoms), features.shape[1]))
        np.add.at(vectors, entered[0]["edge_index"][0].numpy(), features)
        return vectors, energy

    return call


def known_elements(adapter: Any) -> list[int]:
    """Return the elements that the loaded model itself lists."""
    return sorted(atomic_numbers[name] for name in adapter.model.type_names)


def save(adapter: Any, path: Path) -> None:
    """Write a package as `nequip-package build` does, with its lists of what goes in."""
    from nequip.scripts._package_utils import _EXTERNAL_MODULES, _INTERNAL_MODULES, _MOCK_MODULES

    model = whole(adapter)
    metadata = {"package_version_id": 2, "available_models": ["eager"], "atom_types": dict(enumerate(model.type_names))}
    with torch.package.PackageExporter(str(path)) as package:
        package.mock([f"{name}.**" for name in _MOCK_MODULES])
        package.extern([f"{name}.**" for name in _EXTERNAL_MODULES])
        package.intern([f"{name}.**" for name in _INTERNAL_MODULES])
        package.save_text("model", "package_metadata.txt", yaml.dump(metadata))
        package.save_pickle("model", "eager_model.pkl", torch.nn.ModuleDict({"sole_model": model}))


def reloaded(model: str, path: Path) -> Reference:
    """Return `NequIPCalculator` as the package makes it of a file."""
    from nequip.integrations.ase import NequIPCalculator

    from matterzoo_adapters.naming import named

    del model
    with named(path, "model.nequip.zip") as file:
        return asking(NequIPCalculator._from_saved_model(file, chemical_species_to_atom_type_map=True))
