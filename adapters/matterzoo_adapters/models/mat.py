"""MAT (huggingmolecules), run from its authors' code: the encoder's states, whose mean the prediction is made of."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from rdkit.Chem import AllChem, rdDistGeom

from matterzoo_adapters.base import Embedding, TextBatch
from matterzoo_adapters.hooks import leaving
from matterzoo_adapters.models.authors_code import package_of
from matterzoo_adapters.models.molecules import MoleculeAdapter, parsed
from matterzoo_schemas.columns import offsets_of

PACKAGE = "huggingmolecules"
CONFORMER_SEED = 0
HEAD = "generator"
"""The layer that predicts, which is trained anew for every task."""


class MATAdapter(MoleculeAdapter):
    """The molecule attention transformer; its first atom is a dummy."""

    padded = True

    def load(self) -> None:
        """Build the network with the authors' code, and load every weight but the head's."""
        folder = self.setup.checkpoint
        absent: dict[str, dict[str, Any]] = {"gdown": {}}  # with which the package would fetch
        authors: Any = package_of(folder, PACKAGE, absent)
        random = self.setup.random_weights
        config = authors.MatConfig() if random else authors.MatConfig.from_pretrained(str(folder / "config.json"))
        model = authors.MatModel(config)
        if not random:
            weights = torch.load(folder / "weights.pt", map_location="cpu", weights_only=True)
            kept = {name: values for name, values in weights.items() if name.partition(".")[0] != HEAD}
            missing, unknown = model.load_state_dict(kept, strict=False)
            if lost := [name for name in missing if name.partition(".")[0] != HEAD] + unknown:
                raise ValueError(f"the checkpoint and the network disagree about {len(lost)} arrays, such as {lost[0]}")
        del model.generator.proj
        model.generator.proj = torch.nn.Identity()
        self.featurizer = authors.MatFeaturizer(config)
        drawing: Any = package_of(folder, f"{PACKAGE}.featurization.featurization_mat_utils", absent)
        seeded = partial(rdDistGeom.EmbedMolecule, randomSeed=CONFORMER_SEED)
        drawing.AllChem = SimpleNamespace(**{**vars(AllChem), "EmbedMolecule": seeded})
        self.model = model.to(self.device).eval()

    @torch.inference_mode()
    def embed(self, batch: TextBatch) -> Embedding:
        """Return the encoder's states of the heavy atoms [Σ nᵢ, d], after that of the dummy unless it is left out."""
        atoms = self.embedding(batch, [parsed(smiles) for smiles in batch.strings])
        assert atoms.index is not None
        assert atoms.offsets is not None
        with leaving(self.model.encoder, lambda states: states) as states:
            self.model(self.featurizer(batch.strings).to(self.device))
        first = int(self.setup.options.get("dummy") == "out")
        rows, index = [], []
        for row, places in enumerate(np.split(atoms.index, atoms.offsets[1:-1])):
            rows.append(states.value[row, first : 1 + len(places)])
            index.append(places if first else np.concatenate([places[:1], places]))
        return Embedding({"final": torch.cat(rows)}, offsets=offsets_of(map(len, index)), index=np.concatenate(index))
