"""GRACE (tensorpotential, TensorFlow): the invariant basis functions that enter the readout."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from ase.data import atomic_numbers, chemical_symbols
from tensorpotential import constants
from tensorpotential.data.databuilder import GeometricalDataBuilder
from tensorpotential.instructions.base import load_instructions
from tensorpotential.metadata_utils import resolve_param_dtype
from tensorpotential.potentials import get_preset
from tensorpotential.tensorpot import TensorPotential
from tensorpotential.tpmodel import ExtractBasisFunctions, extract_cutoff_and_elements, extract_cutoff_matrix

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding


class GRACEAdapter(AtomsAdapter):
    """All GRACE checkpoints. A saved model keeps no basis functions: the model is built anew from its instructions."""

    backend = "tensorflow"

    def load(self) -> None:
        """Load an archive (or folder) of `model.yaml` and `checkpoint.*`, or build a small model with random weights.

        The model runs as a graph without XLA, which would compile it anew for every shape of a batch.
        """
        self.layers = [layer["name"] for layer in self.setup.card["embedding"]["layers"]]
        with tf.device(self.device):
            if self.setup.random_weights:
                potential = built(self._untrained(), tf.float32)
            else:
                with unpacked(self.setup.checkpoint) as folder:
                    potential = restored(folder)
        self.model = potential.model
        if "first" in self.layers and not self.model.compute_function.extract_2L_basis:
            raise ValueError("the card names functions of a first layer, but the checkpoint has one set of functions")
        self.model.decorate_compute_function(potential.float_dtype, jit_compile=False)
        self.builder = data_builder(self.model.instructions)
        self.elements = sorted(atomic_numbers[symbol] for symbol in self.builder.elements_map)
        if unknown := set(self.setup.card["domain"]["elements"]) - set(self.elements):
            raise ValueError(f"the card names elements that the checkpoint does not know: {sorted(unknown)}")

    def refuse(self, batch: AtomsBatch) -> dict[int, str]:
        """Refuse structures in which no atom has a neighbour: all basis functions are zero."""
        refused = {}
        for row, atoms in enumerate(batch.ase_atoms):
            bonds = self.builder.extract_from_ase_atoms(atoms)[constants.BOND_VECTOR]
            if np.linalg.norm(bonds, axis=1).min() > self.builder.max_cutoff:  # what the package adds to lone atoms
                reach = f"{self.builder.max_cutoff:g} Å"
                refused[row] = f"no atom has a neighbour within {reach}, and GRACE's functions are zero then"
        return refused

    def embed(self, batch: AtomsBatch) -> Embedding:
        """Return the basis of the last layer (and of the first) [Σ nᵢ, functions], and the total energy in eV."""
        graphs = [self.builder.extract_from_ase_atoms(atoms) for atoms in batch.ase_atoms]
        joined = self.builder.join_to_batch(graphs)
        with tf.device(self.device):
            answer = self.model.compute({name: tf.constant(joined[name]) for name in self.model.compute_specs})
        first, last = answer["1L_basis"], answer.get("2L_basis", answer["1L_basis"])
        energies = np.asarray(answer[constants.PREDICT_ATOMIC_ENERGY], np.float64)[:, 0]
        layers = {"first": first, "last": last}
        return Embedding({name: layers[name] for name in self.layers}, np.add.reduceat(energies, batch.offsets[:-1]))

    def weights(self) -> Mapping[str, npt.NDArray[Any]]:
        """Return every variable of numbers, by its place and name."""
        variables = [one for one in self.model.variables if one.dtype.is_floating]
        return {f"{place:04d} {one.name}": one.numpy() for place, one in enumerate(variables)}

    def _untrained(self) -> Any:
        """Draw the small size of the published architecture for the card's elements."""
        symbols = sorted(chemical_symbols[number] for number in self.setup.card["domain"]["elements"])
        name = "GRACE_2LAYER_latest" if "first" in self.layers else "GRACE_1LAYER_latest"
        preset = get_preset(name)
        sizes = {"lmax": 2, "n_rad_max": 8, "prod_func_n_max": 8, "n_mlp_dens": 8, "max_order": 3, "embedding_size": 16}
        elements = {symbol: index for index, symbol in enumerate(symbols)}
        return preset(element_map=elements, avg_n_neigh=40.0, **sizes).get_instructions()


def built(instructions: Any, precision: Any) -> TensorPotential:
    """Build a model that gives its first set of invariant functions, and its last if that is another."""
    basis = ExtractBasisFunctions()
    basis.extract_2L_basis = len(basis.find_function_reduce_name(instructions)) > 1
    return TensorPotential(instructions, model_compute_function=basis, param_dtype=precision)


def restored(folder: Path) -> TensorPotential:
    """Build a model from its instructions, in the precision they name, and read its weights, every one of them."""
    file = str(folder / "model.yaml")
    potential = built(load_instructions(file), resolve_param_dtype(file))
    potential.load_checkpoint(
        str(folder / "checkpoint"), model_only=True, expect_partial=True, assert_existing_objects_matched=True
    )
    return potential


def data_builder(instructions: Any) -> GeometricalDataBuilder:
    """Make the package's neighbour lists with the cutoff, or cutoffs, that the instructions name."""
    cutoff, symbols, indices = extract_cutoff_and_elements(instructions)
    elements = {str(symbol): int(index) for symbol, index in zip(symbols, indices, strict=True)}
    matrix = extract_cutoff_matrix(instructions)
    if matrix is None:
        return GeometricalDataBuilder(elements_map=elements, cutoff=cutoff)
    pairs = combinations_with_replacement(sorted(elements, key=elements.__getitem__), 2)
    cutoffs = {(one, other): matrix[elements[one], elements[other]] for one, other in pairs}
    return GeometricalDataBuilder(elements_map=elements, cutoff=np.max(matrix), cutoff_dict=cutoffs)


@contextmanager
def unpacked(checkpoint: Path) -> Iterator[Path]:
    """Give a checkpoint's folder, for as long as it is read; of an archive, only its own files are taken out."""
    if checkpoint.is_dir():
        yield checkpoint
        return
    with tempfile.TemporaryDirectory() as name:
        with tarfile.open(checkpoint) as archive:
            for member in archive:
                file = Path(member.name).name
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None and (file == "model.yaml" or file.startswith("checkpoint.")):
                    with (Path(name) / file).open("wb") as target:
                        shutil.copyfileobj(content, target)
        yield Path(name)
