"""Sequences of well-known peptides and proteins; each one's source stands in its header in `proteins.fasta`.

Each was compared, letter by letter, with an independent public copy. Disulfides, amidation and the like are not told.
"""

from __future__ import annotations

from importlib.resources import as_file, files

from matterzoo_harness.readers.read import read
from matterzoo_schemas.records import Records


def build() -> Records:
    """Return records with the view `sequence`."""
    with as_file(files(__package__).joinpath("proteins.fasta")) as path:
        return read(path).records
