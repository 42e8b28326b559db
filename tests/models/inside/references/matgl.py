"""matgl's own calls."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`predict_structure` by the package's own converters, and a potential's energy by `PESCalculator`."""
    potential = deepcopy(adapter.model).requires_grad_(True)
    potential.calc_forces = potential.calc_stresses = True
    return _called(potential if adapter.has_energy else potential.model)


def save(adapter: Any, path: Path) -> None:
    """Write the folder that the package itself writes."""
    (adapter.model if adapter.has_energy else adapter.model.model).save(path)


def reloaded(_model: str, path: Path) -> Reference:
    """`matgl.load_model` of a folder."""
    import matgl

    return _called(matgl.load_model(path))


def known_elements(adapter: Any) -> list[int]:
    """Return the elements that the loaded checkpoint itself lists."""
    from ase.data import atomic_numbers

    return sorted(atomic_numbers[symbol] for symbol in adapter.model.model.element_types)


def _called(model: Any) -> Reference:
    import torch
    from matgl.apps.pes import Potential
    from matgl.ext.ase import PESCalculator
    from matgl.ext.pymatgen import Molecule2Graph, Structure2Graph
    from pymatgen.io.ase import AseAtomsAdaptor

    has_energy = isinstance(model, Potential)
    network = model.model if has_energy else model
    several = getattr(network.embedding, "ntypes_state", None) if hasattr(network, "embedding") else None
    state = (torch.tensor([0]),) if several else ()  # the first fidelity

    def call(atoms: Atoms) -> Answer:
        periodic = atoms.pbc.any()
        converter = Structure2Graph if periodic else Molecule2Graph
        structure = (AseAtomsAdaptor.get_structure if periodic else AseAtomsAdaptor.get_molecule)(atoms)
        graphs = converter(network.element_types, network.cutoff)
        network.predict_structure(structure, *state, graph_converter=graphs)
        kept = network.feature_dict
        last = max(name for name in kept if name.startswith("gc_"))
        vectors = kept[last]["node_feat"] if isinstance(kept[last], dict) else kept["readout"]
        energy = None
        if has_energy and periodic == atoms.pbc.all():  # the calculator takes a slab for a molecule
            moved = atoms.copy()
            moved.calc = PESCalculator(model)
            energy = float(moved.get_potential_energy())
        return vectors.detach().numpy(), energy

    return call
