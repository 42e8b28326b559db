"""Every rule of proteins passes a good model and rejects a bad one; what the worker itself refuses of a backbone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from chain_mocks import BAD_CHAINS, BAD_SEQUENCES, GoodChain, GoodSequence, chain_subject

from matterzoo_adapters.base import Adapter
from matterzoo_adapters.conformance import backbone, chains, sequence
from matterzoo_adapters.conformance.suite import rules_for, run_suite
from matterzoo_adapters.worker.checks import refusals
from matterzoo_schemas.findings import overall
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.shard import Status

OF_CHAINS = {rule.name: rule for rule in rules_for("backbone")}
OF_SEQUENCES = {rule.name: rule for rule in rules_for("sequence")}
PAIRS = [
    pytest.param(rules[name], good, bad, id=f"{name}-{bad.__name__}")
    for rules, good, kinds in ((OF_CHAINS, GoodChain, BAD_CHAINS), (OF_SEQUENCES, GoodSequence, BAD_SEQUENCES))
    for name in kinds
    for bad in kinds[name]
]


@pytest.mark.parametrize(("rule", "good", "bad"), PAIRS)
def test_a_rule_rejects_its_bad_mock_and_passes_the_good_one(
    rule: Any, good: type[Adapter[Any]], bad: type[Adapter[Any]]
) -> None:
    for finding in rule.findings(chain_subject(good)):
        assert finding.passed, finding
    domain = {"missing_atoms": True} if rule.name == "missing-atom" else {}
    found = rule.findings(chain_subject(bad, domain=domain))
    assert found
    assert not all(finding.passed for finding in found), found


def test_no_rule_of_proteins_lacks_a_mock_that_it_rejects() -> None:
    assert set(BAD_CHAINS) == {rule.name for rule in backbone.RULES} | {"nodes"}
    assert set(BAD_SEQUENCES) == {rule.name for rule in sequence.RULES}


@pytest.mark.parametrize("holes", [True, False])
@pytest.mark.parametrize("good", [GoodChain, GoodSequence])
def test_a_good_model_of_proteins_is_graded_a(good: type[Adapter[Any]], holes: bool) -> None:
    findings = run_suite(chain_subject(good, domain={"missing_atoms": holes}), "conformance")
    assert [finding for finding in findings if not finding.passed] == []
    assert overall(findings) == "A"


def refused(backbone: np.ndarray, **domain: Any) -> tuple[Status, str] | None:
    records = Records.of([Sample("a", {"backbone": backbone})])
    return refusals(records, "backbone", domain).get(0)


@pytest.mark.parametrize(
    ("atom", "reason"),
    [("N", "residue 3 lacks N"), ("CA", "residue 3 lacks CA"), ("C", "residue 3 lacks C,"), ("O", "")],
)
def test_a_residue_without_its_frame_is_refused_by_name_unless_the_card_takes_it(atom: str, reason: str) -> None:
    holed = chains.lacking(chains.chain([chains.HELIX] * 5), atom)
    assert refused(holed, missing_atoms=True) is None
    found = refused(holed)
    assert (found is None) == (not reason)
    if found is not None:
        assert found[0] is Status.UNSUPPORTED
        assert found[1].startswith(reason)


@pytest.mark.parametrize("holes", [True, False])
def test_coordinates_that_are_none_are_refused_whatever_the_card_says(holes: bool) -> None:
    whole = chains.chain([chains.HELIX] * 5)
    for bad in (whole[:0], np.full_like(whole, np.nan), np.where(np.arange(3) == 0, np.inf, whole)):
        found = refused(bad, missing_atoms=holes)
        assert found is not None
        assert found[0] is Status.INVALID


def test_a_chain_that_is_too_long_is_refused() -> None:
    found = refused(chains.chain([chains.HELIX] * 5), max_nodes=4)
    assert found is not None
    assert found[1] == "more than 4 nodes, the most this model takes"


def test_ideal_chains_have_the_bonds_of_proteins_and_no_clash() -> None:
    for made in chains.chains({"max_nodes": None}).values():
        peptide = np.linalg.norm(made[1:, 0] - made[:-1, 2], axis=-1)
        assert np.abs(peptide - 1.329).max() < 4 * chains.DISPLACEMENT
        far = np.abs(np.subtract.outer(*[np.arange(len(made)).repeat(4)] * 2)) > 1
        atoms = made.reshape(-1, 3)
        assert np.linalg.norm(atoms[:, None] - atoms[None], axis=-1)[far].min() > 2.4


def test_a_helix_rises_one_and_a_half_angstroms_a_residue() -> None:
    carbons = chains.chain([chains.HELIX] * 18)[:, 1]
    rise = np.linalg.norm(carbons[14:].mean(axis=0) - carbons[:4].mean(axis=0)) / 14
    assert rise == pytest.approx(1.5, abs=0.15)
