"""Records of what a notebook already holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from matterzoo_harness.readers.ase_atoms import entry_of_atoms
from matterzoo_harness.readers.result import Collector, Entry, ReadResult, name_entries
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.views import TEXT_VIEWS


def from_atoms(structures: Iterable[Any], ids: Sequence[str] | None = None) -> ReadResult:
    """Make records of `ase.Atoms` (or of anything with `to_ase_atoms`, as pymatgen's Structure).

    Parameters
    ----------
    structures
        The structures; charge, spin, name and labels are looked up in `.info` as in an extended XYZ file.
    ids
        Their names; without them that of `.info`, else `atoms-<index>`.
    """
    images = [s.to_ase_atoms() if hasattr(s, "to_ase_atoms") else s for s in structures]
    names = _names(ids, len(images))
    entries = [entry_of_atoms(atoms, id_=name) for atoms, name in zip(images, names, strict=True)]
    collector = Collector()
    collector.add("the list of structures", name_entries(entries, "atoms"))
    return collector.result()


def from_strings(strings: Sequence[str], view: str, ids: Sequence[str] | None = None) -> ReadResult:
    """Make records of SMILES, SELFIES, sequences or texts; SMILES and sequences are checked as in a file."""
    if view not in TEXT_VIEWS:
        raise MatterzooError(ExitCode.BAD_INPUT, f"no view {view!r} is a string", f"one of {', '.join(TEXT_VIEWS)}")
    from matterzoo_harness.readers.strings import entry_of_string

    entries: list[Entry] = [
        entry_of_string(string, view, name) for string, name in zip(strings, _names(ids, len(strings)), strict=True)
    ]
    collector = Collector()
    collector.add("the list of strings", name_entries(entries, view))
    return collector.result()


def _names(ids: Sequence[str] | None, count: int) -> Sequence[str | None]:
    if ids is not None and len(ids) != count:
        raise MatterzooError(ExitCode.BAD_INPUT, f"there are {count} objects and {len(ids)} ids")
    return ids if ids is not None else [None] * count
