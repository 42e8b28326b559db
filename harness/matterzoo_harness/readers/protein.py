"""Proteins from PDB, mmCIF and BinaryCIF with biotite: a record a chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO, StringIO
from typing import Any

import numpy as np
import numpy.typing as npt
from biotite.structure import AtomArray, chain_iter, filter_amino_acids, get_residue_starts
from biotite.structure.info import one_letter_code
from biotite.structure.io.pdb import PDBFile
from biotite.structure.io.pdbx import BinaryCIFFile, CIFFile, get_structure

from matterzoo_harness.readers.files import Source
from matterzoo_harness.readers.result import Entry
from matterzoo_schemas.views import Structure

BACKBONE = ("N", "CA", "C", "O")


def read_pdb(source: Source) -> Iterator[Entry]:
    """Yield the chains of the first model."""
    return _entries(source, lambda data: PDBFile.read(StringIO(data.decode())).get_structure(model=1))


def read_mmcif(source: Source) -> Iterator[Entry]:
    """Yield the chains of the first model."""
    return _entries(source, lambda data: get_structure(CIFFile.read(StringIO(data.decode())), model=1))


def read_bcif(source: Source) -> Iterator[Entry]:
    """Yield the chains of the first model."""
    return _entries(source, lambda data: get_structure(BinaryCIFFile.read(BytesIO(data)), model=1))


def _entries(source: Source, parse: Callable[[bytes], AtomArray]) -> Iterator[Entry]:
    with source.open() as file:
        data = file.read()
    try:
        atoms = parse(data)
    except Exception as error:  # noqa: BLE001 (biotite raises what it meets)
        yield Entry(failure=f"biotite cannot read the file: {error or type(error).__name__}")
        return
    yield from entries_of(atoms, source.name)


def entries_of(atoms: AtomArray, name: str) -> Iterator[Entry]:
    """Yield `sequence` and `backbone` of each chain as `<name>:<chain>`.

    The sequence is that of the residues with coordinates (those with a CA), so that both views have one length.
    A file without a protein is a molecule: one record with the view `atoms`.
    """
    chains: dict[str, list[AtomArray]] = {}
    # Also begins where numbers start anew, as they do within some chains: pieces of one name are one chain.
    for piece in chain_iter(atoms):
        peptide = piece[filter_amino_acids(piece) & (piece.element != "")]
        residues = [residue for residue in _residues(peptide) if "CA" in residue.atom_name]
        chains.setdefault(str(piece.chain_id[0]).strip(), []).extend(residues)
    proteins = {chain_id: residues for chain_id, residues in chains.items() if len(residues) > 1}
    for chain_id, residues in proteins.items():
        sequence = "".join(one_letter_code(residue.res_name[0]) or "X" for residue in residues)
        backbone = np.stack([_backbone(residue) for residue in residues])
        yield Entry(f"{name}:{chain_id}" if chain_id else name, {"sequence": sequence, "backbone": backbone})
    if not proteins:
        yield _molecule(atoms)


def _residues(atoms: AtomArray) -> Iterator[AtomArray]:
    starts = get_residue_starts(atoms, add_exclusive_stop=True)
    return (atoms[start:stop] for start, stop in zip(starts[:-1], starts[1:], strict=True))


def _backbone(residue: Any) -> npt.NDArray[np.float64]:
    coordinates = np.full((len(BACKBONE), 3), np.nan)
    for row, name in enumerate(BACKBONE):
        here = np.flatnonzero(residue.atom_name == name)
        if len(here):
            coordinates[row] = residue.coord[here[0]]
    return coordinates


def _molecule(atoms: AtomArray) -> Entry:
    from ase.data import atomic_numbers

    symbols = [str(symbol).capitalize() for symbol in atoms.element]
    if unknown := sorted({symbol for symbol in symbols if symbol not in atomic_numbers}):
        return Entry(failure=f"no protein chain, and no elements: {', '.join(map(repr, unknown))}")
    numbers = np.array([atomic_numbers[symbol] for symbol in symbols], np.uint8)
    return Entry(views={"atoms": Structure(numbers, np.asarray(atoms.coord, np.float64))})
