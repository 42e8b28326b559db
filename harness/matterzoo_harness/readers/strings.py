"""Strings that stand for matter, checked: SMILES by RDKit, SELFIES, amino acids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rdkit import Chem, rdBase

from matterzoo_harness.readers.result import Entry

AMINO_ACIDS = frozenset("ACDEFGHIKLMNPQRSTVWYBJOUXZ")
"""The twenty, selenocysteine and pyrrolysine, and IUPAC's letters for what is not known."""


def entry_of_string(string: str, view: str, id_: str | None, labels: Mapping[str, float] | None = None) -> Entry:
    """Make an entry of one string; a string that cannot be what its view says is a failed record."""
    text = string.strip()
    labels = labels or {}
    if view == "sequence":
        text = text.upper().removesuffix("*")
    check = {"smiles": smiles_problem, "sequence": sequence_problem}.get(view, _empty_problem)
    if problem := check(text):
        return Entry(id_, labels=labels, failure=problem)
    return Entry(id_, {view: text}, labels)


def smiles_problem(smiles: str) -> str:
    """Say why RDKit cannot make a molecule of a SMILES; empty if it can."""
    if not smiles:
        return "the SMILES is empty"
    with rdBase.BlockLogs():
        whole: Any = Chem.MolFromSmiles(smiles)
        if whole is not None:
            return ""
        molecule: Any = Chem.MolFromSmiles(smiles, sanitize=False)
        if molecule is None:
            return f"RDKit cannot parse the SMILES {smiles!r}"
        problems = Chem.DetectChemistryProblems(molecule)
    why = "; ".join(problem.Message() for problem in problems) or "it cannot be sanitised"
    return f"RDKit refuses the SMILES {smiles!r}: {why}"


def sequence_problem(sequence: str) -> str:
    """Say which letter of a sequence is no amino acid; empty if all are."""
    if not sequence:
        return "the sequence is empty"
    for position, letter in enumerate(sequence, 1):
        if letter not in AMINO_ACIDS:
            return f"{letter!r} at position {position} is no amino acid"
    return ""


def _empty_problem(text: str) -> str:
    return "" if text else "the text is empty"
