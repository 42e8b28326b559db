"""SDF and MOL with RDKit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdqueries

from matterzoo_harness.readers.files import Source
from matterzoo_harness.readers.keys import labels_of, name_of
from matterzoo_harness.readers.result import Entry
from matterzoo_schemas.views import Structure

_RADICAL: Any = rdqueries.NumRadicalElectronsGreaterQueryAtom(0)


def read_sdf(source: Source) -> Iterator[Entry]:
    """Yield the molecules, each called by its title line; its numeric properties become labels."""
    with source.plain_path() as path, rdBase.BlockLogs():
        supplier: Any = Chem.SDMolSupplier(str(path), sanitize=True, removeHs=False)
        for index, molecule in enumerate(supplier):
            if molecule is None:
                yield _failed(supplier.GetItemText(index))
            else:
                yield entry_of_molecule(molecule)


def read_mol(source: Source) -> Iterator[Entry]:
    """Yield the one molecule."""
    with rdBase.BlockLogs():
        block = source.text()
        molecule: Any = Chem.MolFromMolBlock(block, removeHs=False)
        yield _failed(block) if molecule is None else entry_of_molecule(molecule)


def entry_of_molecule(molecule: Any) -> Entry:
    """Make an entry of an RDKit molecule with its own hydrogens.

    `smiles` is canonical. `atoms` is there if the coordinates are three-dimensional and every hydrogen is among
    them: a flat drawing, or a skeleton without its hydrogens, is no structure.
    """
    properties = molecule.GetPropsAsDict(includePrivate=False, includeComputed=False)
    title = molecule.GetProp("_Name").strip() if molecule.HasProp("_Name") else ""
    # The molecule is sanitised: doing it again without its hydrogens would take longer than parsing it.
    views: dict[str, Any] = {"smiles": Chem.MolToSmiles(Chem.RemoveHs(molecule, sanitize=False))}
    if has_structure(molecule):
        views["atoms"] = structure_of_molecule(molecule)
    return Entry(title or name_of(properties), views, labels_of(properties))


def has_structure(molecule: Any) -> bool:
    """Whether a molecule has three-dimensional coordinates and all its hydrogens as atoms."""
    if not molecule.GetNumConformers() or not molecule.GetConformer().Is3D():
        return False
    return bool(molecule.GetNumAtoms(onlyExplicit=False) == molecule.GetNumAtoms())


def structure_of_molecule(molecule: Any) -> Structure:
    """Return the first conformer; the charge is the formal one, unpaired electrons are parallel."""
    radicals = unpaired_electrons(molecule)
    atoms = map(molecule.GetAtomWithIdx, range(molecule.GetNumAtoms()))  # GetAtoms() takes five times as long
    return Structure(
        numbers=np.array([atom.GetAtomicNum() for atom in atoms], np.uint8),
        positions=np.asarray(molecule.GetConformer().GetPositions(), np.float64),
        charge=float(Chem.GetFormalCharge(molecule)),
        spin=float(radicals + 1),
    )


def unpaired_electrons(molecule: Any) -> int:
    """Return the number of radical electrons."""
    return sum(atom.GetNumRadicalElectrons() for atom in molecule.GetAtomsMatchingQuery(_RADICAL))


def _failed(block: str) -> Entry:
    title = block.split("\n", 1)[0].strip() or None
    molecule: Any = Chem.MolFromMolBlock(block, sanitize=False)
    if molecule is None:
        return Entry(title, failure="RDKit cannot parse the MOL block")
    problems = "; ".join(problem.Message() for problem in Chem.DetectChemistryProblems(molecule))
    return Entry(title, failure=f"RDKit refuses the molecule: {problems or 'it cannot be sanitised'}")
