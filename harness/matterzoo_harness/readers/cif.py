"""Crystallographic CIF with ASE; symmetry is applied, disorder is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from ase.formula import Formula
from ase.io.cif import CIFBlock, NoStructureData, parse_cif

from matterzoo_harness.readers.ase_atoms import entry_of_atoms
from matterzoo_harness.readers.files import Source
from matterzoo_harness.readers.result import Entry

FULL_OCCUPANCY = 0.999
"""Occupancies are printed with three decimals as a rule; 0.999 is a rounded 1."""
HEXAGONAL_GAMMA = 120
"""Angle between a and b in degrees."""


def read_cif(source: Source) -> Iterator[Entry]:
    """Yield one entry a data block with atoms; several are called `<name>:<block>`.

    Blocks that hold no structure (`data_global`) are none; a file in which no block does is one failed record.
    """
    blocks, broken = _blocks(source)
    structures = [block for block in blocks if "_atom_site_label" in block or block.has_structure()]
    if not structures and not broken:
        yield Entry(failure="no data block holds atoms")
    for block in structures:
        yield _entry(block, f"{source.name}:{block.name}" if len(structures) > 1 or broken else None)
    if broken:
        yield Entry(failure=f"ASE cannot parse the file from its data block {len(blocks)} on: {broken}")


def _blocks(source: Source) -> tuple[list[CIFBlock], str]:
    """Return the data blocks up to the first that cannot be parsed, and why that one cannot."""
    with source.open() as file:
        parser = parse_cif(BytesIO(file.read()))
    blocks: list[CIFBlock] = []
    try:
        blocks.extend(parser)
    except Exception as error:  # noqa: BLE001 (ASE raises what it meets)
        return blocks, str(error) or type(error).__name__
    return blocks, ""


def _entry(block: CIFBlock, name: str | None) -> Entry:
    if disorder := _disorder(block):
        return Entry(name, failure=disorder)
    try:
        atoms = _with_hexagonal_axes(block).get_atoms(fractional_occupancies=False)
    except NoStructureData as error:
        return Entry(name, failure=f"no structure: {error}")
    except Exception as error:  # noqa: BLE001 (ASE raises what it meets)
        return Entry(name, failure=f"ASE cannot build the structure: {type(error).__name__}: {error}")
    if mismatch := _formula_mismatch(block, atoms):
        return Entry(name, failure=mismatch)
    return entry_of_atoms(atoms, {}, name)


def _with_hexagonal_axes(block: CIFBlock) -> CIFBlock:
    """Hide the crystal system where ASE would take "trigonal" for rhombohedral axes though the cell is hexagonal."""
    if block.get("_cell_angle_gamma") != HEXAGONAL_GAMMA:
        return block
    misread = {"_space_group_crystal_system", "_symmetry_cell_setting"}
    return CIFBlock(block.name, {tag: block[tag] for tag in block if tag not in misread})


def _formula_mismatch(block: CIFBlock, atoms: Any) -> str:
    """Say that the sites do not make the formula that the file states: hydrogens left out, or symmetry misread."""
    text = str(block.get("_chemical_formula_sum", "")).replace(" ", "")
    try:
        stated = Counter(Formula(text).count())
    except ValueError:
        return ""  # not stated, or no whole numbers
    stated["H"] += stated.pop("D", 0)
    found = Counter(atoms.symbols)
    if not +stated or all(
        found[symbol] * stated.total() == stated[symbol] * found.total() for symbol in found | stated
    ):
        return ""
    return f"the file states the formula {text}, its sites make {atoms.symbols.formula.format('hill')}"


def _disorder(block: CIFBlock) -> str:
    """Say why the block's sites are no single structure; empty if they are."""
    labels = _column(block, "_atom_site_label")
    occupancies = _column(block, "_atom_site_occupancy")
    for label, occupancy in zip(labels or map(str, range(len(occupancies))), occupancies, strict=False):
        if isinstance(occupancy, int | float) and occupancy < FULL_OCCUPANCY:
            return f"site {label} is occupied to {occupancy:g}: a partly occupied site is no single structure"
    groups = {str(group) for group in _column(block, "_atom_site_disorder_group")} - {".", "?"}
    if len(groups) > 1:
        return f"the sites belong to the alternative disorder groups {', '.join(sorted(groups))}"
    return ""


def _column(block: CIFBlock, tag: str) -> list[object]:
    values = block.get(tag) or []
    return list(values) if isinstance(values, list) else [values]
