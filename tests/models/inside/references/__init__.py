"""The same numbers by each package's own public call, one record at a time: one file a family, named as on the cards."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms

Answer = tuple[np.ndarray, "float | None"]
"""Node vectors [atoms, d] (or one vector [1, d] where the package gives only that), and energy in eV."""
Reference = Callable[["Atoms"], Answer]
"""What `reference(adapter)` of a family of structures returns."""
TextReference = Callable[[str], np.ndarray]
"""What `reference(adapter)` of a family of strings returns: node vectors [nodes, d], or one vector [1, d]."""

ChainReference = Callable[[np.ndarray], np.ndarray]
"""What `reference(adapter)` of a family of backbones returns: [residues, 4, 3] in Å to node vectors [residues, d]."""


def one_string_at_a_time(adapter: Any, nodes: slice, written: Callable[[str], str | list[str]] = str) -> TextReference:
    """Call transformers' own model class as its documentation does: one string, no padding, no attention mask.

    Parameters
    ----------
    adapter
        Its tokenizer and model are taken, nothing else.
    nodes
        Which of the last hidden states belong to the string itself: the others are the special tokens around it.
    written
        How the authors write a string for the tokenizer: as another string, or in pieces.
    """
    import torch

    @torch.inference_mode()
    def call(string: str) -> np.ndarray:
        given = written(string)
        batch = adapter.tokenizer(given, is_split_into_words=isinstance(given, list), return_tensors="pt")
        hidden: np.ndarray = adapter.model(batch["input_ids"]).last_hidden_state[0, nodes].numpy()
        return hidden

    return call


def one_printed_structure_at_a_time(adapter: Any) -> Reference:
    """Call transformers' own model class on the blank prompt and a structure, and average over the structure's tokens.

    Parameters
    ----------
    adapter
        Of a random twin, whose tokens are characters: its tokenizer and model are taken, nothing else.
    """
    import torch

    prompt = "<s>system: You are a domain-agnostic scientific encoder.</s><s>user: "

    def text(array: np.ndarray) -> str:
        return "[" + ", ".join("[" + ", ".join("%.10f" % (x + 0) for x in row) + "]" for row in array) + "]"

    @torch.inference_mode()
    def call(atoms: Atoms) -> Answer:
        shown = f"Atoms(symbols='{atoms.get_chemical_formula('reduce')}', pbc={all(atoms.pbc)})\n"
        shown += f"{{'numbers': {list(map(int, atoms.numbers))}, 'positions': {text(atoms.positions)}, "
        shown += f"'cell': {text(atoms.cell.array)}, 'pbc': {list(map(bool, atoms.pbc))}}}"
        ids = adapter.tokenizer(prompt + shown, return_tensors="pt", add_special_tokens=False)["input_ids"]
        hidden = adapter.model(ids).last_hidden_state[0]
        return hidden[-len(shown) :].mean(0, keepdim=True).numpy(), None

    return call


def of(family: str) -> ModuleType | None:
    """Return a family's file; None where no package is there to compare with."""
    name = f"references.{family.replace('-', '_')}"
    return import_module(name) if find_spec(name) else None
