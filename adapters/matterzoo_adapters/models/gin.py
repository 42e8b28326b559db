"""Graph isomorphism networks of molecules, run from their authors' code: MolCLR, and those of Hu et al."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
import torch
import torch_geometric.nn
from rdkit import Chem
from torch_geometric.data import Batch, Data
from torch_geometric.utils import add_self_loops

from matterzoo_adapters.base import Embedding, TextBatch
from matterzoo_adapters.models.authors_code import module_of, scatters
from matterzoo_adapters.models.molecules import MoleculeAdapter, parsed

CHIRALITY = ["CHI_UNSPECIFIED", "CHI_TETRAHEDRAL_CW", "CHI_TETRAHEDRAL_CCW"]
BONDS = ["SINGLE", "DOUBLE", "TRIPLE", "AROMATIC"]
DIRECTIONS = ["NONE", "ENDUPRIGHT", "ENDDOWNRIGHT"]
"""RDKit's names, in the order of the networks' tables; what is in none of them has no vector there."""
LAYERS, WIDTH, FEATURES = 5, 300, 512
"""Of every checkpoint: config.yaml of MolCLR, the defaults of chem/finetune.py of Hu et al."""


class GINAdapter(MoleculeAdapter):
    """What both families read: elements and RDKit's marks of stereo, each bond in both directions."""

    hydrogens: ClassVar[bool] = False
    """Whether every hydrogen is an atom of the graph."""
    code: ClassVar[str]
    """The authors' file, in the checkpoint's folder."""

    def load(self) -> None:
        """Build the network with the authors' code, and load the weights unless they are to be random."""
        model = self.build()
        if not self.setup.random_weights:
            weights = torch.load(self.setup.checkpoint / "model.pth", map_location="cpu", weights_only=True)
            model.load_state_dict(weights)
        self.model = model.to(self.device).eval()

    @abstractmethod
    def build(self) -> Any:
        """Build the network as the authors' constructor draws it."""

    @abstractmethod
    def vectors(self, graphs: Batch) -> torch.Tensor:
        """Return the atoms' vectors [Σ nᵢ, d]."""

    def unfit(self, molecule: Chem.Mol) -> str:
        """Name what the network's tables do not hold."""
        for atom in molecule.GetAtoms():
            if atom.GetAtomicNum() == 0:
                return "an atom of no element"
            if atom.GetChiralTag().name not in CHIRALITY:
                return f"stereo of the kind {atom.GetChiralTag().name}, for which the network has no vector"
        for bond in molecule.GetBonds():
            if bond.GetBondType().name not in BONDS or bond.GetBondDir().name not in DIRECTIONS:
                return f"a bond of the kind {bond.GetBondType().name}, {bond.GetBondDir().name}, which it has none for"
        return ""

    @torch.inference_mode()
    def embed(self, batch: TextBatch) -> Embedding:
        """Return the atoms' vectors [Σ nᵢ, d] in the order of RDKit."""
        molecules = [self._molecule(smiles) for smiles in batch.strings]
        graphs = Batch.from_data_list([graph_of(molecule) for molecule in molecules])
        return self.embedding(batch, molecules, final=self.vectors(graphs.to(self.device)))

    def _molecule(self, smiles: str) -> Chem.Mol:
        return Chem.AddHs(parsed(smiles)) if self.hydrogens else parsed(smiles)


def graph_of(molecule: Chem.Mol) -> Data:
    """Return a molecule's graph: each atom's element and stereo, each bond's kind and direction, there and back."""
    atoms = [[atom.GetAtomicNum() - 1, CHIRALITY.index(atom.GetChiralTag().name)] for atom in molecule.GetAtoms()]
    ends, kinds = [], []
    for bond in molecule.GetBonds():
        first, last = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        ends += [[first, last], [last, first]]
        kinds += [[BONDS.index(bond.GetBondType().name), DIRECTIONS.index(bond.GetBondDir().name)]] * 2
    return Data(
        x=torch.tensor(atoms),
        edge_index=torch.tensor(np.array(ends, np.int64).reshape(-1, 2).T),
        edge_attr=torch.tensor(np.array(kinds, np.int64).reshape(-1, 2)),
    )


class MolCLRAdapter(GINAdapter):
    """MolCLR's GIN; the molecule's vector is the mean over atoms, which a linear layer then maps."""

    hydrogens = True
    code = "ginet_molclr.py"
    network: ClassVar[str] = "GINet"

    def build(self) -> Any:
        """Build the network; its mean over a molecule is left out, so that the linear layer after it maps each atom."""
        authors = module_of(self.setup.checkpoint / self.code, scatters())
        model = getattr(authors, self.network)(num_layer=LAYERS, emb_dim=WIDTH, feat_dim=FEATURES, drop_ratio=0)
        model.pool = lambda atoms, _owners: atoms
        return model

    def vectors(self, graphs: Batch) -> torch.Tensor:
        """Return each atom's features, whose mean is the authors' representation: the layer after it is linear."""
        features: torch.Tensor = self.model(graphs)[0]
        return features


class MolCLRGCNAdapter(MolCLRAdapter):
    """MolCLR's GCN."""

    code = "gcn_molclr.py"
    network = "GCN"


class HuAdapter(GINAdapter):
    """The GIN of Hu et al., whose code speaks to PyTorch Geometric as of 2019: two calls are passed on as of today."""

    code = "model.py"

    def build(self) -> Any:
        """Build the network."""
        authors: Any = module_of(self.setup.checkpoint / self.code, scatters())
        authors.add_self_loops = lambda edges, num_nodes: add_self_loops(edges, num_nodes=num_nodes)[0]
        passing = torch_geometric.nn.MessagePassing
        authors.GINConv.propagate = lambda conv, _sum, edges, **given: passing.propagate(conv, edges, **given)
        return authors.GNN(LAYERS, WIDTH, JK="last", drop_ratio=0, gnn_type="gin")

    def vectors(self, graphs: Batch) -> torch.Tensor:
        """Return each atom's state after the last layer."""
        states: torch.Tensor = self.model(graphs)
        return states
