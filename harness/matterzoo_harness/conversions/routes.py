"""The table of conversions: from which view, to which, by which named steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from importlib import import_module
from importlib.metadata import version
from typing import Any


@dataclass(frozen=True)
class Step:
    """One conversion.

    Parameters
    ----------
    name
        What the provenance calls it.
    function
        `module:function` below `matterzoo_harness.conversions`; raises ValueError for what it cannot convert.
    libraries
        Distributions whose version decides the outcome.
    options
        `module:NAME` of the options that it runs with, or empty.
    """

    name: str
    function: str
    libraries: tuple[str, ...] = ()
    options: str = ""

    def load(self) -> Callable[[Any], Any]:
        """Return the function."""
        loaded: Callable[[Any], Any] = _attribute(self.function)
        return loaded

    def provenance(self) -> dict[str, Any]:
        """Return name, libraries' versions and options, JSON-able."""
        return {
            "name": self.name,
            "libraries": {library: version(library) for library in self.libraries},
            "options": dict(_attribute(self.options)) if self.options else {},
        }


@dataclass(frozen=True)
class Route:
    """How one view is made of another: steps, one after the other."""

    source: str
    target: str
    steps: tuple[Step, ...] = field(default_factory=tuple)

    def load(self) -> Callable[[Any], Any]:
        """Return the steps as one function."""
        functions = [step.load() for step in self.steps]
        return lambda value: reduce(lambda result, function: function(result), functions, value)

    def provenance(self, count: int) -> Mapping[str, Any]:
        """Return what a result says about `count` views made this way, JSON-able."""
        steps = [step.provenance() for step in self.steps]
        return {"view": self.target, "from": self.source, "steps": steps, "records": count}


def _attribute(path: str) -> Any:
    module, name = path.split(":")
    return getattr(import_module(f"matterzoo_harness.conversions.{module}"), name)


_EMBED = Step("etkdg-conformer", "molecules:conformer_of", ("rdkit",), "molecules:CONFORMER")
_PERCEIVE = Step("bond-perception", "molecules:smiles_of", ("rdkit",), "molecules:BONDS")
_ENCODE = Step("selfies-encoder", "selfies:selfies_of", ("selfies",))
_DECODE = Step("selfies-decoder", "selfies:smiles_of_selfies", ("selfies",))

# For one target the first route whose source a record has is taken: the one that invents least stands first.
ROUTES: tuple[Route, ...] = (
    Route("smiles", "atoms", (_EMBED,)),
    Route("selfies", "atoms", (_DECODE, _EMBED)),
    Route("selfies", "smiles", (_DECODE,)),
    Route("atoms", "smiles", (_PERCEIVE,)),
    Route("smiles", "selfies", (_ENCODE,)),
    Route("atoms", "selfies", (_PERCEIVE, _ENCODE)),
    Route("smiles", "text", (Step("smiles-text", "text:text_of_smiles"),)),
    Route("atoms", "text", (Step("atoms-text", "text:text_of_atoms", ("ase",)),)),
    Route("sequence", "text", (Step("sequence-text", "text:text_of_sequence"),)),
)
