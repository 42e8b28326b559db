"""Every rule passes a good model and rejects a bad one: none is vacuous."""

from __future__ import annotations

import errno
from typing import Any

import numpy as np
import pytest
from grid_mocks import GoodGrid
from mocks import BAD, GoodAtoms, GoodMolecules, GoodText, subject_of

from matterzoo_adapters.base import Adapter, Embedding, GridAdapter, TextAdapter
from matterzoo_adapters.conformance.rule import Rule
from matterzoo_adapters.conformance.suite import OF_VIEW, rules_for, run_suite
from matterzoo_schemas.exit_codes import MatterzooError
from matterzoo_schemas.findings import overall

PROTEINS = ("backbone", "sequence")
"""Views whose rules `test_protein_rules.py` asks about."""
RULES = {rule.name: rule for view in OF_VIEW if view not in PROTEINS for rule in rules_for(view)}
PAIRS = [pytest.param(RULES[name], bad, id=f"{name}-{bad.__name__}") for name in BAD for bad in BAD[name]]

GOOD: dict[type[Adapter[Any]], type[Adapter[Any]]] = {
    GoodMolecules: GoodMolecules, TextAdapter: GoodText, GridAdapter: GoodGrid
}  # fmt: skip
"""For the bad ones of a kind, the good one."""


@pytest.mark.parametrize(("rule", "bad"), PAIRS)
def test_a_rule_rejects_its_bad_mock_and_passes_the_good_one(rule: Rule, bad: type[Adapter[Any]]) -> None:
    good = next((one for base, one in GOOD.items() if issubclass(bad, base)), GoodAtoms)
    for finding in rule.findings(subject_of(good)):
        assert finding.passed, finding
    found = rule.findings(subject_of(bad))
    assert found
    assert not all(finding.passed for finding in found), found


def test_no_rule_lacks_a_mock_that_it_rejects() -> None:
    assert set(BAD) == set(RULES)


@pytest.mark.parametrize("view", OF_VIEW)
def test_no_two_rules_of_a_view_have_one_name(view: str) -> None:
    names = [rule.name for rule in rules_for(view)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("good", [GoodAtoms, GoodMolecules, GoodGrid])
def test_a_good_model_is_graded_a(good: type[Adapter[Any]]) -> None:
    findings = run_suite(subject_of(good), "conformance")
    assert [finding for finding in findings if not finding.passed] == []
    assert overall(findings) == "A"


def test_a_good_model_of_strings_reads_spellings_which_is_told_and_no_more() -> None:
    findings = run_suite(subject_of(GoodText), "conformance")
    assert {finding.rule for finding in findings if not finding.passed} == {"spelling", "stereo-spelling"}
    assert overall(findings) == "B"


def test_the_contract_level_is_the_mandatory_rules() -> None:
    findings = run_suite(subject_of(GoodAtoms), "contract")
    assert {finding.kind for finding in findings} == {"mandatory"}
    assert {finding.rule for finding in findings} == {r.name for r in rules_for("atoms") if r.kind == "mandatory"}


def test_a_symmetry_that_the_card_does_not_declare_is_measured_for_information() -> None:
    layer = {"name": "last", "level": "node", "dim": 6, "symmetry": "none"}
    (finding,) = RULES["translation"].findings(subject_of(BAD["translation"][0], embedding={"layers": [layer]}))
    assert finding.kind == "informational"
    assert not finding.passed
    assert finding.value is not None
    assert finding.value > 1e-4


def test_a_model_of_molecules_is_asked_about_no_crystal_but_that_it_refuses_one() -> None:
    molecules = {"periodic": False, "non_periodic": True}
    findings = {f.rule: f for f in run_suite(subject_of(GoodAtoms, domain=molecules), "conformance")}
    assert not {"supercell", "lattice-wrap", "energy-extensive", "huge-cell"} & set(findings)
    assert findings["periodicity"].message == "refused, as the card says"
    assert all(finding.passed for finding in findings.values())


@pytest.mark.parametrize("elements", [[1], [2, 10], [1, 6, 7, 8], None])
def test_the_domain_of_the_card_selects_the_structures(elements: list[int] | None) -> None:
    findings = run_suite(subject_of(GoodAtoms, domain={"elements": elements}), "contract")
    assert [finding for finding in findings if not finding.passed and finding.rule != "not-constant"] == []


def test_a_model_that_raises_is_a_finding_and_not_the_end_of_the_suite() -> None:
    class Broken(GoodAtoms):
        def embed(self, batch: Any) -> Any:
            raise RuntimeError("no kernel image is available")

    findings = run_suite(subject_of(Broken), "conformance")
    assert any("no kernel image is available" in finding.message for finding in findings)
    assert overall(findings) == "D"


def test_a_random_model_loads_the_same_weights_with_the_same_seed_and_has_no_twin() -> None:
    findings = {f.rule: f for f in run_suite(subject_of(GoodAtoms, checkpoint={"source": "none"}), "conformance")}
    assert findings["weights-fixed"].passed
    assert "untrained-twin" not in findings


def test_a_model_may_refuse_strings_that_its_tokenizer_does_not_know() -> None:
    class KnowsNoIsotopes(GoodText):
        def refuse(self, batch: Any) -> dict[int, str]:
            return super().refuse(batch) | {row: "an isotope" for row, s in enumerate(batch.strings) if "13" in s}

    (finding,) = RULES["tokens"].findings(subject_of(KnowsNoIsotopes))
    assert finding.passed
    assert finding.message == "refused: [13CH4]"


def test_a_model_without_tokens_is_not_asked_for_them() -> None:
    layer = {"name": "last", "level": "record", "dim": 6, "symmetry": "none"}
    assert RULES["tokens"].findings(subject_of(GoodText, embedding={"layers": [layer]})) == []


def test_an_untrained_build_of_another_width_is_no_failure() -> None:
    class SmallTwin(GoodAtoms):
        def load(self) -> None:
            super().load()
            self.matrix = self.matrix[:, : 3 if self.setup.random_weights else None]

    (finding,) = RULES["untrained-twin"].findings(subject_of(SmallTwin))
    assert finding.passed
    assert "another width" in finding.message


def test_a_model_may_leave_hydrogens_out_and_is_not_asked_for_their_vector() -> None:
    class HeavyAtomsOnly(GoodAtoms):
        def refuse(self, batch: Any) -> dict[int, str]:
            bare = [row for row, atoms in enumerate(batch.structures) if (atoms.numbers == 1).all()]
            return dict.fromkeys(bare, "nothing but hydrogen")

        def embed(self, batch: Any) -> Any:
            whole = super().embed(batch)
            pieces = [np.flatnonzero(atoms.numbers > 1) for atoms in batch.structures]
            rows = np.concatenate([start + piece for start, piece in zip(batch.offsets, pieces, strict=False)])
            offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])])
            return Embedding({"last": whole.layers["last"][rows]}, whole.energy, offsets, np.concatenate(pieces))

    findings = run_suite(subject_of(HeavyAtomsOnly, domain={"elements": [6, 7, 8, 14, 1]}), "conformance")
    assert [finding for finding in findings if not finding.passed] == []


def test_a_full_disk_is_no_finding() -> None:
    class Writes(GoodAtoms):
        def embed(self, batch: Any) -> Any:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        run_suite(subject_of(Writes), "contract")


def test_a_view_without_a_suite_is_refused() -> None:
    subject = subject_of(GoodAtoms)
    subject.card["view"] = "graph"
    with pytest.raises(MatterzooError, match="no conformance suite"):
        run_suite(subject, "contract")
