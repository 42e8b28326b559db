"""Tables with a column of SMILES, SELFIES, sequences or texts, and plain lists of SMILES."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence

from matterzoo_harness.readers.files import Source
from matterzoo_harness.readers.keys import ENERGY_KEYS, ID_KEYS
from matterzoo_harness.readers.result import Entry
from matterzoo_harness.readers.strings import entry_of_string

VIEW_COLUMNS = {
    "smiles": ("smiles", "canonical_smiles", "isomeric_smiles", "smiles_string", "smi", "mol_smiles"),
    "selfies": ("selfies",),
    "sequence": ("sequence", "protein_sequence", "aa_sequence", "seq"),
    "text": ("text", "prompt"),
}
"""Names of columns by view, the first that is there: a table of molecules may describe them in words besides."""
ID_COLUMNS = (*ID_KEYS, "compound_id", "chembl_id", "zinc_id", "cid", "accession", "uniprot", "index", "idx")
DELIMITERS = ",\t;| "
MISSING = frozenset({"", "na", "n/a", "nan", "none", "null", "-"})


def read_table(source: Source) -> Iterator[Entry]:
    """Yield the rows. The delimiter is the one that lets a known column stand in the first line.

    Columns in which every value is a number (or missing) become labels; the id column is never one.
    """
    with source.lines() as file:
        first = file.readline()
        delimiter, header = _dialect(first)
        rows = [row for row in csv.reader(file, delimiter=delimiter, strict=True) if row]
    names = [name.strip() for name in header]
    lowered = [name.lower() for name in names]
    view, column = _view_column(lowered)
    id_column = next((lowered.index(name) for name in ID_COLUMNS if name in lowered), None)
    whole = [row for row in rows if len(row) == len(names)]
    numbers = {
        "energy" if name in ENERGY_KEYS else name: index
        for index, name in enumerate(names)
        if name and index not in {column, id_column} and _is_numeric(whole, index)
    }
    for row in rows:
        if len(row) != len(names):
            id_ = row[id_column].strip() if id_column is not None and id_column < len(row) else None
            yield Entry(id_ or None, failure=f"the row has {len(row)} fields, the header {len(names)}")
            continue
        labels = {name: float(row[index]) for name, index in numbers.items() if not _is_missing(row[index])}
        id_ = row[id_column].strip() if id_column is not None else None
        yield entry_of_string(row[column], view, id_ or None, labels)


def read_smi(source: Source) -> Iterator[Entry]:
    """Yield one molecule a line: a SMILES, then its name. A first line that names the column is passed over."""
    with source.lines() as file:
        lines = itertools.filterfalse(lambda words: not words or words[0].startswith("#"), map(_words, file))
        for number, words in enumerate(lines):
            if number == 0 and words[0].lower() in VIEW_COLUMNS["smiles"]:
                continue
            yield entry_of_string(words[0], "smiles", words[1].strip() if len(words) > 1 else None)


def _words(line: str) -> list[str]:
    return line.split(maxsplit=1)


def _dialect(first: str) -> tuple[str, list[str]]:
    for delimiter in DELIMITERS:
        header = next(csv.reader([first], delimiter=delimiter), [])
        if _known(name.strip().lower() for name in header):
            return delimiter, header
    names = [name for columns in VIEW_COLUMNS.values() for name in columns]
    raise ValueError(f"no column is called {', '.join(names)}; the first line is {first.strip()[:200]!r}")


def _known(names: Iterator[str]) -> bool:
    known = {name for columns in VIEW_COLUMNS.values() for name in columns}
    return any(name in known for name in names)


def _view_column(names: Sequence[str]) -> tuple[str, int]:
    return next(
        (view, names.index(name)) for view, columns in VIEW_COLUMNS.items() for name in columns if name in names
    )


def _is_missing(value: str) -> bool:
    return value.strip().lower() in MISSING


def _is_numeric(rows: Sequence[Sequence[str]], index: int) -> bool:
    values = [row[index] for row in rows if not _is_missing(row[index])]
    try:
        for value in values:
            float(value)
    except ValueError:
        return False
    return bool(values)
