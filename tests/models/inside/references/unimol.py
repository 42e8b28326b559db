"""unimol_tools' own representation of molecules."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.data import atomic_numbers

from references import Answer, Reference


def reference(adapter: Any) -> Reference:
    """`UniMolRepr.get_repr`, which of one molecule of Uni-Mol gives a row too many: that of [SEP]."""
    from matterzoo_adapter import VOCABULARY
    from unimol_tools import UniMolRepr

    second = not hasattr(adapter.model, "dictionary")
    with TemporaryDirectory() as folder:
        checkpoint = str(Path(folder) / "checkpoint.pt")
        torch.save({"model": adapter.model.state_dict()}, checkpoint)
        package = UniMolRepr(
            model_name="unimolv2" if second else "unimolv1",
            model_size=adapter.setup.card["version"],
            remove_hs=not adapter.hydrogens,
            use_cuda=False,
            pretrained_model_path=checkpoint,
            pretrained_dict_path=str(VOCABULARY),
        )

    def call(atoms: Atoms) -> Answer:
        molecule = {"atoms": [atoms.get_chemical_symbols()], "coordinates": [atoms.positions]}
        rows = np.asarray(package.get_repr(molecule, return_atomic_reprs=True)["atomic_reprs"][0])
        read = sum(1 for number in atoms.numbers if adapter.hydrogens or number != 1)
        assert len(rows) == read + (0 if second else 1)
        return rows[:read], None

    return call


def known_elements(adapter: Any) -> list[int] | None:
    """Return the elements that are tokens; Uni-Mol2's are the atomic numbers themselves."""
    if not hasattr(adapter.model, "dictionary"):
        return None
    return sorted(atomic_numbers[token] for token in adapter.model.dictionary.symbols if token in atomic_numbers)
