"""Every model whose weights come with its package, or are random: its vectors are its package's own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from model_environments import measured_once, runs_here

from matterzoo_harness.cards import read_card

ROOT = Path(__file__).resolve().parents[2]
CARDS = {path.parent.name: read_card(path) for path in sorted((ROOT / "zoo" / "models").glob("*/card.toml"))}
HERE = {
    name: card
    for name, card in CARDS.items()
    if card.checkpoint.source in ("package", "none") and not card.checkpoint.parts and runs_here(card)
}
ATOMS = {name: card for name, card in HERE.items() if card.view.value == "atoms"}
INVARIANT = [name for name, card in ATOMS.items() if "invariant" in card.embedding.layers[0].symmetry]
SCRIPTS = {"atoms": "measure.py", "backbone": "backbones.py", "grid": "grids.py"}
"""What measures a model of a view inside its environment; `strings.py` measures the others."""
PER_ATOM = [name for name, card in ATOMS.items() if card.embedding.layers[0].level == "node"]


def each(names: Iterable[str]) -> pytest.MarkDecorator:
    """Run a test for these models, each in one process of the run: it is measured once there."""
    return pytest.mark.parametrize("model", [pytest.param(n, marks=pytest.mark.xdist_group(n)) for n in names])


pytestmark = [pytest.mark.model_env, pytest.mark.slow]


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Any:
    """Return the measurements of a model, made once in its own environment."""
    return measured_once(HERE, lambda card: SCRIPTS.get(card.view.value, "strings.py"), tmp_path_factory)


@each([name for name in HERE if name != "random-gaussian"])
def test_vectors_and_energies_are_the_packages_own(measured: Any, model: str) -> None:
    package = measured(model)["package"]
    assert package["vectors"] < 1e-5
    assert package["energy"] < 1e-5


@each(HERE)
def test_a_record_has_the_same_vector_alone_and_in_company(measured: Any, model: str) -> None:
    assert measured(model)["batch"] <= HERE[model].tolerances.batch


@each(ATOMS)
def test_the_same_batch_gives_the_same_vectors_again(measured: Any, model: str) -> None:
    assert measured(model)["repeat"] <= HERE[model].tolerances.repeat


@each(HERE)
def test_vectors_are_as_long_as_the_card_says(measured: Any, model: str) -> None:
    default = HERE[model].embedding.default
    declared = {layer.name: layer.dim for layer in HERE[model].embedding.layers}
    assert measured(model)["dim"] == declared[default]


@each(PER_ATOM)
def test_every_atom_has_one_row_of_finite_numbers(measured: Any, model: str) -> None:
    assert measured(model)["rows"] == measured(model)["atoms"]
    assert measured(model)["finite"]


@each(INVARIANT)
@pytest.mark.parametrize("move", ["rotated", "translated", "permuted", "doubled"])
def test_a_declared_invariant_stays_where_it_was(measured: Any, model: str, move: str) -> None:
    assert measured(model)[move] <= HERE[model].tolerances.symmetry


@each(ATOMS)
def test_the_input_is_not_changed(measured: Any, model: str) -> None:
    assert measured(model)["unchanged"]


@each(ATOMS)
def test_no_package_changes_torchs_default_precision(measured: Any, model: str) -> None:
    assert measured(model)["default_dtype"] == "torch.float32"


@each([name for name, card in ATOMS.items() if card.domain.elements])
def test_elements_of_the_card_are_those_of_the_checkpoint(measured: Any, model: str) -> None:
    declared, known = list(HERE[model].domain.elements or ()), measured(model)["elements"]
    assert known is None or declared == known


@each([name for name, card in ATOMS.items() if card.domain.elements])
def test_an_element_outside_the_domain_costs_its_record_only(measured: Any, model: str) -> None:
    first, stranger, *_ = measured(model)["refused"]
    assert first.startswith("OK")
    assert stranger.startswith("UNSUPPORTED: ")
    assert stranger.endswith("is not among the model's elements")


@each([name for name in ATOMS if name.startswith("chgnet")])
def test_chgnet_refuses_lonely_atoms_and_molecules_with_a_reason(measured: Any, model: str) -> None:
    _, _, lonely, molecule = measured(model)["refused"]
    assert lonely.startswith("UNSUPPORTED: 1 atom(s) have no neighbour within")
    assert molecule == "UNSUPPORTED: this model takes periodic structures only"


@each(HERE)
def test_random_weights_follow_the_seed_and_learned_ones_do_not(measured: Any, model: str) -> None:
    once, again, another_seed = measured(model)["fingerprints"]
    assert once == again
    learned = HERE[model].checkpoint.source == "package"
    assert (once is not None) == (learned or HERE[model].random_weights)
    assert (once != another_seed) == HERE[model].random_weights


def test_smiles_that_do_not_parse_are_refused(measured: Any) -> None:
    assert set(measured("ecfp4")["refusals"]) == {"1", "2"}
