"""Measure one model of strings in its own environment: `python strings.py setup.json answer.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from asking import load, measured

from matterzoo_adapters.base import Setup, TextBatch
from matterzoo_schemas.records import Records, Sample

STRINGS = {
    "smiles": ["CCO", "c1ccccc1O", "CC(=O)Nc1ccc(O)cc1", "[Na+].[Cl-]", "C[C@H](N)C(=O)O", "C"],
    "selfies": ["[C][C][O]", "[C][Cl]", "[C][C@H1][Branch1][C][N][C][=Branch1][C][=O][O]", "[C]"],
    "sequence": ["MKTAYIAKQR", "GGGG", "ACDEFGHIKLMNPQRSTVWY", "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSG"],
    "text": ["NaCl crystallises in the rock salt structure.", "H2O", "Si has a band gap of 1.1 eV."],
}
"""Of several lengths, so that all but one are padded."""


def text_batch(strings: list[str], view: str = "smiles") -> TextBatch:
    """Return strings as the worker would hand them to an adapter."""
    return TextBatch(Records.of(Sample(f"{row}", {view: text}) for row, text in enumerate(strings)), view)


def measure(setup: Setup) -> dict[str, Any]:
    """Return every measurement by name."""
    adapter, view = load(setup), setup.card["view"]
    answers = measured(setup, adapter, text_batch(STRINGS[view], view), STRINGS[view])
    if view == "smiles":
        answers["refusals"] = adapter.refuse(text_batch(["CCO", "C1CC", "not a molecule"]))
    return answers


if __name__ == "__main__":
    arguments = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(json.dumps(measure(Setup(**arguments))))
