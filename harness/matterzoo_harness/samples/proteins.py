"""Sequences of well-known peptides and proteins, and of some the backbone as the Protein Data Bank has it.

The source of each sequence stands in its header in `proteins.fasta`, that of each backbone in `proteins.backbones.txt`.
Each sequence was compared, letter by letter, with an independent public copy, or is that of its backbone. Disulfides,
amidation and the like are not told.
"""

from __future__ import annotations

from importlib.resources import as_file, files

import numpy as np
import numpy.typing as npt

from matterzoo_harness.readers.read import read
from matterzoo_schemas.records import Records
from matterzoo_schemas.views import BackboneColumn

UNIT = 1e-3
"""Of the file of backbones, in Å."""


def build() -> Records:
    """Return records with the view `sequence`, some of them with `backbone` too, residue by residue the same."""
    with as_file(files(__package__).joinpath("proteins.fasta")) as path:
        records = read(path).records
    known = _backbones()
    return records.with_view("backbone", BackboneColumn.of([known.get(name) for name in records.ids]))


def _backbones() -> dict[str, npt.NDArray[np.float64]]:
    """Return N, CA, C and O of each residue [residues, 4, 3] in Å, by the record's id."""
    text = files(__package__).joinpath("proteins.backbones.txt").read_text("utf-8")
    blocks = [block.splitlines() for block in text.split(">")[1:]]
    return {
        head.split()[0]: np.array([line.split()[1:] for line in lines], np.float64).reshape(-1, 4, 3) * UNIT
        for head, *lines in blocks
    }
