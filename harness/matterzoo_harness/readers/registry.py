"""The table of formats: what a file's name says, what its first bytes say, and which function reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib import import_module

from matterzoo_harness.readers.files import COMPRESSIONS, Source
from matterzoo_harness.readers.result import Entry
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


@dataclass(frozen=True)
class Format:
    """One file format.

    Parameters
    ----------
    name
        As users know it.
    suffixes
        Lower-case suffixes of files of this format.
    reader
        `module:function` below `matterzoo_harness.readers`; loaded when it is needed, for its library is heavy.
    patterns
        Names of files without a telling suffix.
    content
        Pattern in the first bytes that tells this format from another one of the same suffix.
    """

    name: str
    suffixes: tuple[str, ...]
    reader: str
    patterns: tuple[str, ...] = ()
    content: re.Pattern[bytes] | None = None

    def takes(self, source: Source) -> bool:
        """Whether the name of a file says that it is of this format."""
        return source.suffix in self.suffixes or any(fnmatch(source.plain_name, p) for p in self.patterns)

    def load(self) -> Callable[[Source], Iterator[Entry]]:
        """Return the function that reads this format."""
        module, function = self.reader.split(":")
        reader: Callable[[Source], Iterator[Entry]] = getattr(
            import_module(f"matterzoo_harness.readers.{module}"), function
        )
        return reader


_MMCIF = re.compile(rb"^\s*_atom_site\.|^_entry\.id", re.MULTILINE)

# The first format whose name and content fit is taken: one that is told by its content stands before one that is not.
FORMATS: tuple[Format, ...] = (
    Format("matterzoo records", (".safetensors",), "canonical:read_records"),
    Format("extended XYZ, XYZ", (".xyz", ".extxyz", ".exyz"), "extxyz:read_extxyz"),
    Format("mmCIF", (".cif", ".mmcif"), "protein:read_mmcif", content=_MMCIF),
    Format("CIF", (".cif",), "cif:read_cif"),
    Format("BinaryCIF", (".bcif",), "protein:read_bcif"),
    Format("PDB", (".pdb", ".ent"), "protein:read_pdb"),
    Format("POSCAR, CONTCAR", (".poscar", ".contcar", ".vasp"), "poscar:read_poscar", ("*POSCAR*", "*CONTCAR*")),
    Format("ASE db", (".db",), "ase_db:read_db"),
    Format("ASE db", (".json",), "ase_db:read_db", content=re.compile(rb'"unique_id":')),
    Format("SDF", (".sdf", ".sd"), "molfile:read_sdf"),
    Format("MOL", (".mol",), "molfile:read_mol"),
    Format("ASE LMDB", (".aselmdb",), "ase_lmdb:read_lmdb"),
    Format("CSV, TSV", (".csv", ".tsv", ".tab"), "table:read_table"),
    Format("SMILES list", (".smi", ".smiles"), "table:read_smi"),
    Format("FASTA", (".fasta", ".fa", ".faa", ".fas", ".seq"), "fasta:read_fasta"),
    Format("NetCDF", (".nc", ".nc4", ".netcdf"), "netcdf:read_netcdf"),
    Format(
        "other formats of ASE",
        (".traj", ".xsf", ".cube", ".gen", ".res", ".xtd", ".xsd", ".cell", ".pwi", ".pwo", ".lmp", ".rmc6f"),
        "ase_other:read_ase",
        ("*OUTCAR*", "*vasprun*.xml", "*XDATCAR*", "geometry.in", "aims.out"),
    ),
)  # fmt: skip


def find_format(source: Source) -> Format | None:
    """Return the format of a file, or None if its name tells none."""
    for format_ in (f for f in FORMATS if f.takes(source)):
        if format_.content is None or format_.content.search(source.head()):
            return format_
    return None


def unknown_format(source: Source) -> MatterzooError:
    """Say which formats there are."""
    known = sorted({suffix for format_ in FORMATS for suffix in format_.suffixes})
    return MatterzooError(
        ExitCode.BAD_INPUT,
        f"no reader takes {source.path}: its suffix is {source.suffix or 'missing'}",
        f"known: {' '.join(known)}, POSCAR, CONTCAR, OUTCAR, vasprun.xml; each also with {' '.join(COMPRESSIONS)}",
    )
