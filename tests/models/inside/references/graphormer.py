"""transformers' own preprocessing, which a C compiler makes when it is first imported, and model class."""

from __future__ import annotations

from typing import Any

import numpy as np

from references import TextReference


def reference(adapter: Any) -> TextReference:
    """The state of the graph token, one molecule at a time: behind another, for no batch can begin with a lone atom."""
    import torch
    from ogb.utils.mol import smiles2graph
    from transformers.models.deprecated.graphormer.collating_graphormer import GraphormerDataCollator

    collate = GraphormerDataCollator(on_the_fly_processing=True)

    @torch.inference_mode()
    def call(smiles: str) -> np.ndarray:
        graphs = [smiles2graph(string) for string in ("CO", smiles)]
        items = [{**graph, "edge_attr": graph["edge_feat"], "y": [0.0]} for graph in graphs]
        states: np.ndarray = adapter.model(**collate(items)).last_hidden_state[1:, 0].numpy()
        return states

    return call
