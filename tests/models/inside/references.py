"""The same numbers by each package's own public call, one structure at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols

Answer = tuple[np.ndarray, "float | None"]
"""Node vectors [atoms, d] (or one vector [1, d] where the package gives only that), and energy in eV."""
Reference = Callable[[Atoms], Answer]


def chgnet(adapter: Any) -> Reference:
    """`predict_structure`: its crystal feature is the sum over atoms of the features that enter the MLP."""
    from pymatgen.io.ase import AseAtomsAdaptor

    def call(atoms: Atoms) -> Answer:
        structure = AseAtomsAdaptor.get_structure(atoms)
        answer = adapter.model.predict_structure(structure, task="e", return_crystal_feas=True)
        return answer["crystal_fea"][None] / len(atoms), float(answer["e"]) * len(atoms)

    return call


def sevennet(adapter: Any) -> Reference:
    """`SevenNetCalculator`, with what enters its readout written down on the way."""
    from sevenn.calculator import SevenNetCalculator

    card = adapter.setup.card
    if adapter.setup.random_weights:
        source: dict[str, Any] = {"model": _copy(adapter.model), "file_type": "model_instance"}
    else:
        import sevenn

        source = {"model": f"{sevenn.__path__[0]}/{card['checkpoint']['file']}"}
    calculator = SevenNetCalculator(**source, device="cpu", modal=adapter.setup.options.get("modal"))
    if adapter.setup.random_weights:
        calculator.output_to_results = lambda output: {"energy": float(output["inferred_total_energy"].detach())}
    seen: list[np.ndarray] = []
    calculator.model.get_submodule("reduce_input_to_hidden").register_forward_pre_hook(
        lambda _, arguments: seen.append(arguments[0]["x"].detach().numpy().copy())
    )

    def call(atoms: Atoms) -> Answer:
        atoms = atoms.copy()
        atoms.calc = calculator
        return (seen[-1], energy) if (energy := atoms.get_potential_energy()) is not None else (seen[-1], None)

    return call


def mace(adapter: Any) -> Reference:
    """`MACECalculator.get_descriptors` and its energy, forces and all."""
    from mace.calculators import MACECalculator

    dtype = adapter.setup.options.get("dtype", "float32")
    calculator = MACECalculator(models=_copy(adapter.model), device="cpu", default_dtype=dtype)

    def call(atoms: Atoms) -> Answer:
        atoms = atoms.copy()
        atoms.calc = calculator
        return calculator.get_descriptors(atoms, invariants_only=True, num_layers=-1), atoms.get_potential_energy()

    return call


def soap(adapter: Any) -> Reference:
    """DScribe's descriptor, made anew from the parameters that the card states."""
    from dscribe.descriptors import SOAP

    del adapter
    weights = {symbol: float(number) for number, symbol in enumerate(chemical_symbols) if number}
    parameters: dict[str, Any] = {
        "species": list(weights), "r_cut": 5.0, "sigma": 0.5, "n_max": 8, "l_max": 6,
        "compression": {"mode": "mu2", "species_weighting": weights},
    }  # fmt: skip
    return lambda atoms: (SOAP(periodic=bool(atoms.pbc.any()), **parameters).create(atoms), None)


def composition(adapter: Any) -> Reference:
    """Fractions counted by ASE's formula."""
    del adapter

    def call(atoms: Atoms) -> Answer:
        counts = atoms.symbols.formula.count()
        return np.array([[counts.get(symbol, 0) / len(atoms) for symbol in chemical_symbols[1:119]]]), None

    return call


def ecfp(smiles: str) -> np.ndarray:
    """RDKit's older interface to the same fingerprint."""
    from rdkit import Chem, DataStructs
    from rdkit.Chem import AllChem

    bits = np.zeros(2048)
    fingerprint = AllChem.GetMorganFingerprintAsBitVect(Chem.MolFromSmiles(smiles), 2, nBits=2048)
    DataStructs.ConvertToNumpyArray(fingerprint, bits)
    return bits


def known_elements(adapter: Any) -> list[int] | None:
    """Return the elements that the loaded checkpoint itself lists; None where it has no list."""
    model = getattr(adapter, "model", None)
    if hasattr(model, "type_map"):
        return sorted(model.type_map)
    if hasattr(model, "atomic_numbers"):
        return sorted(int(number) for number in model.atomic_numbers)
    return None


def _copy(model: Any) -> Any:
    from copy import deepcopy

    return deepcopy(model)


FAMILIES: dict[str, Callable[[Any], Reference]] = {
    "chgnet": chgnet, "sevennet": sevennet, "mace": mace, "soap": soap, "composition": composition,
}  # fmt: skip
"""Every family that has a reference of its own."""
