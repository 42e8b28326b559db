"""Strings that the suite asks about, by view: each different from the others, two of them equally long."""

from __future__ import annotations

STRINGS: dict[str, dict[str, str]] = {
    "smiles": {
        "ethanol": "CCO", "propane": "CCC", "benzene": "c1ccccc1", "acetic acid": "CC(=O)O",
        "alanine": "C[C@H](N)C(=O)O", "aspirin": "CC(=O)Oc1ccccc1C(=O)O", "bromochloromethane": "ClCBr",
    },
    "selfies": {
        "ethanol": "[C][C][O]", "propane": "[C][C][C]", "acetaldehyde": "[C][C][=O]", "butylamine": "[C][C][C][C][N]",
        "decane": "[C]" * 10, "chloropropane": "[C][C][C][Cl]",
    },
    "sequence": {
        "all twenty": "ACDEFGHIKLMNPQRSTVWY", "all backwards": "YWVTSRQPNMLKIHGFEDCA", "glycines": "GGGG",
        "peptide": "MKTAYIAKQR", "long": "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQVKVKALPDAQ",
    },
    "text": {
        "salt": "NaCl crystallises in the rock salt structure.",
        "silicon": "Si crystallises in the diamond structure.",
        "water": "H2O", "carbon": "CO2",
        "perovskite": "SrTiO3 is a cubic perovskite: titanium in octahedra of oxygen, strontium between eight of them.",
    },
}  # fmt: skip
"""Sample strings by view and name."""

PROBES: dict[str, tuple[str, ...]] = {
    "smiles": (
        "CCCl", "CBr", "[Na+].[Cl-]", "C[N+](C)(C)C", "O=[N+]([O-])c1ccccc1", "C[C@H](N)C(=O)O", "F/C=C\\F", "[13CH4]",
        "c1cc[nH]c1",
    ),
    "selfies": (
        "[C][C][Cl]", "[C][Br]", "[Na+1].[Cl-1]", "[C][C@H1][Branch1][C][N][C]", "[F][/C][=C][\\F]", "[13CH4]",
    ),
    "sequence": ("ACDEFGHIKLMNPQRSTVWY", "U", "Z", "O", "B", "X", "GGUZOBXGG"),
    "text": ("NaCl", "band gap of 1.1 eV", "  two  blanks", "α-Fe₂O₃, a = 5.04 Å"),
}  # fmt: skip
"""What tokenizers get wrong in silence: chlorine, charges, salts, stereo, isotopes, rare residues, blanks, Unicode.

The ids of these strings are kept with the golden vectors. A model may refuse any but the first of its view.
"""
