"""Rules of models of molecules that are written as SMILES: each atom has its place, and a molecule many spellings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from matterzoo_adapters.conformance.common import answers_or_refuses, farthest
from matterzoo_adapters.conformance.rule import Card, Layers, Rule, Seen
from matterzoo_adapters.conformance.samples import samples_of
from matterzoo_adapters.conformance.subject import Subject
from matterzoo_adapters.smiles import atom_places
from matterzoo_schemas.shard import Status

Spellings = Mapping[str, tuple[str, str]]
ODD = {
    "methane, which has no bond": "C", "an ion": "[Na+]", "a salt": "[Na+].[Cl-]", "a hydrate": "O.CC(=O)[O-].[Na+]",
    "a zwitterion": "[NH3+]CC(=O)[O-]", "a radical": "[CH3]", "an isotope": "[13CH4]", "heavy water": "[2H]O[2H]",
    "hydrogen": "[H][H]", "hydrogens written out": "[H]C([H])([H])O", "an open ring of stereo": "C[C@@H](F)/C=C\\Cl",
    "a metal": "[Fe+2].[O-2]", "a sulfone": "CS(=O)(=O)C",
}  # fmt: skip
"""Molecules at which parsers, featurisers and tokenizers stumble."""
FLAT: Spellings = {
    "ethanol": ("CCO", "OCC"),
    "phenol": ("Oc1ccccc1", "C1=CC=CC=C1O"),
    "pyridine": ("c1ccncc1", "n1ccccc1"),
    "aspirin": ("CC(=O)Oc1ccccc1C(=O)O", "OC(=O)c1ccccc1OC(C)=O"),
    "glycine": ("[NH3+]CC(=O)[O-]", "C(C(=O)[O-])[NH3+]"),
    "salt": ("[Cl-].[Na+]", "[Na+].[Cl-]"),
    "heavy methanol": ("[13CH3]O", "O[13CH3]"),
}
"""Molecules without stereo, in two spellings."""
STEREO: Spellings = {
    "L-alanine": ("C[C@H](N)C(=O)O", "N[C@@H](C)C(=O)O"),
    "cis-difluoroethene": ("F/C=C\\F", "F\\C=C/F"),
}
"""Molecules whose marks of stereo depend on the order in which neighbours are written."""


def _odd(subject: Subject, _layers: Layers) -> Seen:
    return answers_or_refuses(subject, ODD)


def _written(subject: Subject, _layers: Layers) -> Seen:
    samples = samples_of(subject.card)
    answer = subject.ask(samples)
    if answer.nodes is None:
        return Seen("the worker wrote no node vectors", passed=False)
    pieces = np.split(answer.nodes.index, answer.nodes.offsets[1:-1])
    for (name, smiles), index in zip(samples.items(), pieces, strict=True):
        if wrong := set(index.tolist()) ^ set(atom_places(smiles)):
            return Seen(f"{name}, {smiles}: an atom or a vector too many at character {min(wrong)}", passed=False)
    return Seen(f"the atoms of {len(samples)} molecules have vectors where they are written", passed=True)


def _spelled(spellings: Spellings) -> Callable[[Subject, Layers], Seen]:
    """Make the measure of a rule: both spellings of a molecule have one pooled vector, unless one is refused."""

    def measure(subject: Subject, layers: Layers) -> Seen:
        answers = [subject.try_ask({name: both[way] for name, both in spellings.items()}) for way in (0, 1)]
        rows = [row for row in range(len(spellings)) if all(answer.status[row] == Status.OK for answer in answers)]
        if not rows:
            return Seen("every molecule is refused", passed=False)
        names = {row: name for row, name in enumerate(spellings) if row in rows}
        first, second = (
            {
                f"{name}, layer {layer}": answer.layers[layer].pooled[[row]].astype(np.float64)
                for layer in layers
                for row, name in names.items()
            }
            for answer in answers
        )
        return farthest(first, second)

    return measure


def atoms_are_nodes(card: Card) -> bool:
    """Tell whether the model gives each atom of a molecule a vector."""
    return any(layer.get("node_kind") == "atom" for layer in card["embedding"]["layers"])


RULES = (
    Rule("odd-molecules", "mandatory", "salts, ions, isotopes, lone atoms are embedded, or refused with a reason",
         _odd),
    Rule("atoms-in-place", "mandatory", "every atom of a SMILES has a vector, at the character where it is written",
         _written, concerns=atoms_are_nodes),
    Rule("spelling", "consistency", "a SMILES written another way has the same vector", _spelled(FLAT), "symmetry",
         symmetries=frozenset({"invariant"})),
    Rule("stereo-spelling", "informational", "a SMILES with stereo written another way has the same vector",
         _spelled(STEREO), "symmetry"),
)  # fmt: skip
"""Asked of models of SMILES."""
