"""What `matterzoo new` wrote for a person to replace, and nobody did."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

SCAFFOLD = (
    # cards
    "what it is, what it was trained on, in one line",
    "# What differs from",
    "# dim = 128:",
    "# invariant: under shifts,",
    "# elements = [1, 6, 7, 8]:",
    "# Whether residues that lack",
    "# The model's own points (records on finer",
    "# record lacks is refused by name.",
    "# In values, not in nodes.",
    "# Licences, citation and training data only as far as you have read them",
    # environments
    'and what it needs"',
    "one that the package's own pins allow.",
    "# A lock each:",
    "# torch, if the package does not bring it, pinned",
    # adapters and references
    "# What follows stands for the model's own package",
    "(replace `describe`)",
)
"""Words of its templates that stand in no file that somebody filled in."""


def left_open(files: Iterable[Path]) -> str:
    """Quote the first line that is still the scaffold's; empty if there is none.

    Parameters
    ----------
    files
        Those of one model, or of one environment; one that is not there is passed over.
    """
    for file in files:
        lines = file.read_text("utf-8").splitlines() if file.is_file() else []
        for number, line in enumerate(lines, 1):
            if any(words in line for words in SCAFFOLD):
                return f"{file.name}, line {number}, is still the scaffold's: {line.strip()}"
    return ""
