"""SMILES to a conformer and back, with RDKit."""

from __future__ import annotations

from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdDetermineBonds, rdDistGeom, rdForceFieldHelpers

from matterzoo_harness.readers.molfile import structure_of_molecule, unpaired_electrons
from matterzoo_schemas.views import Structure

CONFORMER: dict[str, Any] = {"method": "ETKDGv3", "seed": 42, "clean_up": "MMFF94, else UFF", "clean_up_steps": 2000}
BONDS: dict[str, Any] = {"method": "rdDetermineBonds", "max_iterations": 100_000}


def conformer_of(smiles: str) -> Structure:
    """Return one conformer with all hydrogens: ETKDGv3 with a fixed seed, cleaned up by a force field.

    Parameters
    ----------
    smiles
        The molecule; fragments are embedded together, so that they do not overlap.

    Returns
    -------
    Structure
        Å; charge is the formal one, unpaired electrons are taken as parallel.

    Raises
    ------
    ValueError
        If RDKit cannot parse, embed or keep it finite.

    References
    ----------
    Riniker and Landrum, J. Chem. Inf. Model. 2015, 55, 2562; Wang et al., ibid. 2020, 60, 2044.
    """
    parsed: Any = Chem.MolFromSmiles(smiles)
    if parsed is None:
        raise ValueError(f"RDKit cannot parse the SMILES {smiles!r}")
    if any(atom.GetAtomicNum() == 0 for atom in parsed.GetAtoms()):
        raise ValueError(f"the SMILES {smiles!r} has a wildcard atom")
    molecule = Chem.AddHs(parsed)
    parameters: Any = rdDistGeom.ETKDGv3()
    parameters.randomSeed = CONFORMER["seed"]
    parameters.embedFragmentsSeparately = False
    if rdDistGeom.EmbedMolecule(molecule, parameters) != 0:
        parameters.useRandomCoords = True
        if rdDistGeom.EmbedMolecule(molecule, parameters) != 0:
            raise ValueError(f"ETKDGv3 finds no conformer of {smiles!r}")
    _clean_up(molecule)
    structure = structure_of_molecule(molecule)
    if not np.isfinite(structure.positions).all():
        raise ValueError(f"the force field drives the conformer of {smiles!r} apart")
    return structure


def _clean_up(molecule: Any) -> None:
    steps = CONFORMER["clean_up_steps"]
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(molecule):
        rdForceFieldHelpers.MMFFOptimizeMolecule(molecule, mmffVariant="MMFF94", maxIters=steps)
    elif rdForceFieldHelpers.UFFHasAllMoleculeParams(molecule):
        rdForceFieldHelpers.UFFOptimizeMolecule(molecule, maxIters=steps)


def smiles_of(structure: Structure) -> str:
    """Return the canonical SMILES that bond perception gives an isolated molecule.

    Parameters
    ----------
    structure
        Not periodic; a charge that is not stated counts as 0. Where a spin multiplicity above 1 is stated, unpaired
        electrons are kept, and not paired into charges.

    Raises
    ------
    ValueError
        If the structure is periodic or empty, or no set of bonds fits its charge.

    References
    ----------
    Kim and Kim, Bull. Korean Chem. Soc. 2015, 36, 1769 (the method of `rdDetermineBonds`).
    """
    if structure.pbc.any():
        raise ValueError("a periodic structure has no SMILES")
    if not len(structure.numbers):
        raise ValueError("a structure without atoms has no SMILES")
    if not np.isfinite(structure.positions).all():
        raise ValueError("a position is not a number")
    charge = 0 if np.isnan(structure.charge) else round(structure.charge)
    molecule = _bare_molecule(structure)
    try:
        rdDetermineBonds.DetermineBonds(
            molecule,
            charge=charge,
            allowChargedFragments=not structure.spin > 1,
            maxIterations=BONDS["max_iterations"],
        )
        Chem.SanitizeMol(molecule)
        smiles = str(Chem.MolToSmiles(Chem.RemoveHs(molecule)))
        _check_perceived(smiles, structure, charge)
    except (ValueError, RuntimeError) as error:
        why = " ".join(str(error).split())
        raise ValueError(f"no bonds fit the structure and its charge {charge}: {why}") from error
    return smiles


def _bare_molecule(structure: Structure) -> Any:
    molecule: Any = Chem.RWMol()
    for number in structure.numbers.tolist():
        atom = Chem.Atom(number)
        atom.SetNoImplicit(True)  # every hydrogen is in the structure: RDKit must add none
        molecule.AddAtom(atom)
    conformer = Chem.Conformer(len(structure.numbers))
    conformer.SetPositions(np.ascontiguousarray(structure.positions))
    molecule.AddConformer(conformer)
    return molecule


def _check_perceived(smiles: str, structure: Structure, charge: int) -> None:
    """Refuse a SMILES that does not say the atoms, charge and unpaired electrons it was made of."""
    molecule: Any = Chem.MolFromSmiles(smiles)
    if molecule is None:
        raise ValueError(f"{smiles!r} is no molecule")
    said = _numbers_with_hydrogens(molecule)
    if said != sorted(structure.numbers.tolist()):
        raise ValueError(f"{smiles!r} has other atoms")
    if Chem.GetFormalCharge(molecule) != charge:
        raise ValueError(f"{smiles!r} has another charge")
    unpaired = unpaired_electrons(molecule)
    if not np.isnan(structure.spin) and unpaired != structure.spin - 1:
        raise ValueError(f"{smiles!r} has {unpaired} unpaired electrons, the structure {structure.spin - 1:g}")


def _numbers_with_hydrogens(molecule: Any) -> list[int]:
    """Return the atomic numbers of a molecule with all its hydrogens, sorted."""
    return sorted(atom.GetAtomicNum() for atom in Chem.AddHs(molecule).GetAtoms())
