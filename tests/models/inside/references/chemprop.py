"""Chemprop's own classes, one molecule at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from references import Reference


def reference(adapter: Any) -> Reference:
    """What `MPNN.fingerprint` averages, for the graph that the package's data set makes of one SMILES."""
    return _called(adapter.model)


def save(adapter: Any, path: Path) -> None:
    """Write the message passing as CheMeleon is published: its settings and its weights."""
    import torch

    settings = {name: value for name, value in adapter.model.hparams.items() if type(value) in (bool, int, float)}
    torch.save({"hyper_parameters": settings, "state_dict": adapter.model.state_dict()}, path)


def reloaded(path: Path) -> Reference:
    """As the authors of CheMeleon load their file."""
    import torch
    from chemprop import nn

    published = torch.load(path, weights_only=True)
    passing = nn.BondMessagePassing(**published["hyper_parameters"])
    passing.load_state_dict(published["state_dict"])
    return _called(passing)


def _called(passing: Any) -> Reference:
    import torch
    from chemprop import data, models, nn

    model = models.MPNN(passing, nn.MeanAggregation(), nn.RegressionFFN(input_dim=passing.output_dim)).eval()

    def call(smiles: str) -> np.ndarray:
        graph = data.collate_batch([data.MoleculeDataset([data.MoleculeDatapoint.from_smi(smiles)])[0]]).bmg
        with torch.inference_mode():
            atoms = model.message_passing(graph)
            assert torch.allclose(atoms.mean(0), model.fingerprint(graph)[0], rtol=1e-5, atol=1e-6)
        return np.asarray(atoms)

    return call
