"""matgl's own calls."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ase import Atoms

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`predict_structure` by the package's own converters, and a potential's energy by `PESCalculator`."""
    from matgl.ext.ase import PESCalculator
    from matgl.ext.pymatgen import Molecule2Graph, Structure2Graph
    from pymatgen.io.ase import AseAtomsAdaptor

    potential = deepcopy(adapter.model).requires_grad_(True)
    potential.calc_forces = potential.calc_stresses = True
    network = potential.model

    def call(atoms: Atoms) -> Answer:
        periodic = atoms.pbc.any()
        converter = Structure2Graph if periodic else Molecule2Graph
        convert = AseAtomsAdaptor.get_structure if periodic else AseAtomsAdaptor.get_molecule
        network.predict_structure(convert(atoms), graph_converter=converter(network.element_types, network.cutoff))
        kept = network.feature_dict
        last = max(name for name in kept if name.startswith("gc_"))
        vectors = kept[last]["node_feat"] if isinstance(kept[last], dict) else kept["readout"]
        energy = None
        if adapter.has_energy and periodic == atoms.pbc.all():  # the calculator takes a slab for a molecule
            moved = atoms.copy()
            moved.calc = PESCalculator(potential)
            energy = float(moved.get_potential_energy())
        return vectors.detach().numpy(), energy

    return call


def known_elements(adapter: Any) -> list[int]:
    """Return the elements that the loaded checkpoint itself lists."""
    from ase.data import atomic_numbers

    return sorted(atomic_numbers[symbol] for symbol in adapter.model.model.element_types)
