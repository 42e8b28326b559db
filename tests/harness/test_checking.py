"""Checking a model: its files, the suite in a real worker, golden vectors, and what is put on record."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matterzoo.catalogue import find
from matterzoo.scaffold import new_model
from matterzoo.states import standing_of
from matterzoo_harness.checking.check import Report, check_model, make_golden
from matterzoo_harness.checking.files import RULES, inspect_files
from matterzoo_harness.checking.golden import compare_golden, compare_tokens, fixed_inputs
from matterzoo_harness.checking.record import record
from matterzoo_harness.locations import packaged_models
from matterzoo_harness.model import Model
from matterzoo_schemas.card import Checkpoint, Citation, Domain, Licence
from matterzoo_schemas.events import Ready
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.findings import Finding
from matterzoo_schemas.lock import LockedCheckpoint, ModelLock, read_lock, write_lock
from matterzoo_schemas.shard import Embeddings, Layer

LOCKED = {"adapter_sha256": "1" * 64, "environment_sha256": {"cpu": "2" * 64}}


@pytest.fixture
def zoo(zoo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The private zoo, and one base whose key needs no registry."""
    monkeypatch.setenv("MATTERZOO_BASE", "debootstrap")
    return zoo


def findings(model: Model) -> dict[str, Finding]:
    return {finding.rule: finding for finding in inspect_files(model)}


def changed(model: Model, lock: ModelLock | None = None, **card: object) -> Model:
    return Model(
        model.card.model_copy(update=card), lock or model.lock, model.folder, model.adapter_file, model.private
    )


def locked(model: Model) -> Model:
    """The model, locked as `matterzoo lock` would."""
    from matterzoo.locking import lock_model

    lock_model(model, upgrade=False, progress=lambda _: None)
    return find(model.id)


def in_venv(model: Model, level: str) -> Report:
    return check_model(model, level, "venv", "cpu", lambda _: None)  # type: ignore[arg-type]


def never_locked_so(model: Model) -> Model:
    write_lock(model.lock_file, ModelLock(**LOCKED))
    return changed(model, read_lock(model.lock_file))


def of_two_minds(model: Model) -> Model:
    stated = Checkpoint(source="url", url=ELSEWHERE, sha256="5" * 64)
    return changed(model, ModelLock(checkpoint=LockedCheckpoint(sha256="6" * 64, size=1)), checkpoint=stated)


def with_golden(model: Model, **card: object) -> Model:
    (model.folder / "golden.safetensors").write_bytes(b"something")
    return changed(model, **card)


def without_dims(model: Model) -> Model:
    layers = [layer.model_copy(update={"dim": None}) for layer in model.card.embedding.layers]
    return changed(model, embedding=model.card.embedding.model_copy(update={"layers": layers}))


def of_ours_on_one_machine(model: Model) -> Model:
    ours = replace(model, folder=packaged_models() / model.id)
    return changed(ours, checkpoint=Checkpoint(source="local", file="/home/someone/weights.pt"))


def scaffolded(model: Model) -> Model:
    new_model("trivial-two", "trivial", weights=ELSEWHERE, into=model.folder.parent.parent)
    return find("trivial-two")


ELSEWHERE = "https://example.org/weights.pt"
GATED = Checkpoint(source="huggingface", repo="owner/name", file="model.pt", gated=True)
BROKEN: dict[str, Callable[[Model], Model]] = {
    "adapter-there": lambda model: changed(model, adapter="mischief:Order"),
    "any-machine": of_ours_on_one_machine,
    "code-pinned": lambda model: changed(
        model, checkpoint=Checkpoint(source="huggingface", repo="owner/name", files=("modeling_it.py",))
    ),
    "checkpoint-pinned": lambda model: changed(model, checkpoint=Checkpoint(source="url", url=ELSEWHERE)),
    "citation-stated": lambda model: changed(model, citation=Citation(), checkpoint=Checkpoint(source="package")),
    "dims-stated": without_dims,
    "elements-listed": lambda model: changed(model, domain=Domain()),
    "environment-locked": lambda model: changed(model, environment="nowhere"),
    "golden-allowed": lambda model: with_golden(model, checkpoint=GATED),
    "golden-kept": with_golden,
    "licence-stated": lambda model: changed(model, licence=Licence()),
    "lock-agrees": never_locked_so,
    "locked": lambda model: changed(model, ModelLock(golden_sha256="4" * 64)),
    "one-hash": of_two_minds,
    "random-named": lambda model: changed(model, id="trivial-random", checkpoint=Checkpoint(source="package")),
    "scaffold-replaced": scaffolded,
}
"""For each rule, the same model with files such that it must object."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_of_files_objects_to_what_it_is_for(rule, zoo: Path) -> None:
    model = find("trivial")
    assert rule.finding(BROKEN[rule.name](model)).passed is False


@pytest.mark.parametrize(("licence", "stays_out"), [("CC-BY-NC-ND-4.0", True), ("CC-BY-NC-4.0", False), (None, False)])
def test_golden_vectors_of_weights_that_nothing_may_be_made_of_stay_out(
    zoo: Path, licence: str | None, stays_out: bool
) -> None:
    model = with_golden(find("trivial"), licence=Licence(weights=licence))
    assert findings(model)["golden-allowed"].passed is not stays_out


def test_a_checkpoint_whose_hash_was_measured_is_pinned(zoo: Path) -> None:
    model = BROKEN["checkpoint-pinned"](find("trivial"))
    pinned = ModelLock(checkpoint=LockedCheckpoint(sha256="3" * 64, size=5))
    assert findings(changed(model, pinned))["checkpoint-pinned"].passed


def test_inspecting_runs_nothing(zoo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    report = in_venv(find("trivial"), "inspect")
    assert (report.runtime, report.device) == ("", "")
    assert {finding.rule for finding in report.findings} == {rule.name for rule in RULES}


def test_the_fixed_records_lie_within_the_models_domain(zoo: Path, tmp_path: Path) -> None:
    records = fixed_inputs(find("trivial"), tmp_path).with_view("atoms").records
    assert 2 <= len(records) <= 8
    assert set(records.atoms.numbers.tolist()) <= {1, 6, 7, 8}


def test_the_fixed_records_can_be_had_again_by_their_ids(zoo: Path, tmp_path: Path) -> None:
    model = find("trivial")
    first = fixed_inputs(model, tmp_path / "a")
    assert fixed_inputs(model, tmp_path / "b", first.ids).identity == first.identity
    with pytest.raises(MatterzooError, match="lack unobtainium"):
        fixed_inputs(model, tmp_path / "c", ["unobtainium"])


def test_a_model_whose_language_no_sample_speaks_brings_records_of_its_own(zoo: Path, tmp_path: Path) -> None:
    model = find("trivial")
    (model.folder / "fixed.csv").write_text("id,text\nsalt,Na4Cl4\ndiamond,C8\n")
    own = fixed_inputs(model, tmp_path / "a").with_view("text").records
    assert list(own.ids) == ["salt", "diamond"]
    assert own[1].views["text"] == "C8"
    with pytest.raises(MatterzooError, match=r"fixed\.csv lack Si-diamond"):
        fixed_inputs(model, tmp_path / "b", ["Si-diamond"])


def answer(pooled: np.ndarray, records: str = "r", energy: float = -3.0, **about: object) -> Embeddings:
    from matterzoo_schemas.columns import Strings

    header = {"records": records, "device": "cpu", "versions": {"numpy": "2"}, "tolerance": 1e-4, **about}
    ids = Strings.pack(f"r{row}" for row in range(len(pooled)))
    nothing = Strings.pack("" for _ in range(len(pooled)))
    energies = np.full(len(pooled), energy)
    return Embeddings(ids, {"last": Layer(pooled)}, np.zeros(len(pooled), np.uint8), nothing, energies, None, header)


VECTORS = np.arange(1, 13, dtype=np.float32).reshape(3, 4)


@pytest.mark.parametrize(
    ("today", "why"),
    [
        (answer(VECTORS * np.float32(1.001)), "largest for r"),
        (answer(VECTORS, energy=-3.1), "energy"),
        (answer(VECTORS[:, :3]), "was 4 numbers wide and is 3"),
        (answer(VECTORS, records="others"), "fixed records"),
        (answer(np.where(VECTORS == 7, np.nan, VECTORS).astype(np.float32)), "largest for r1"),
    ],
)
def test_other_vectors_than_the_golden_ones_are_told(today: Embeddings, why: str) -> None:
    finding = compare_golden(answer(VECTORS), today, "cpu")
    assert not finding.passed
    assert why in finding.message


def ready(tokens: dict[str, list[int]]) -> Ready:
    """A worker that said these token ids."""
    return Ready("m", 1, 1, ["last"], False, "cpu", {}, 0, None, 0.0, tokens)


@pytest.mark.parametrize(
    ("today", "why"),
    [
        ({"CCCl": [1, 5, 5, 2]}, "'CCCl' was read as [1, 5, 5, 7, 2], and is as [1, 5, 5, 2]"),
        ({}, "'CCCl' was read as [1, 5, 5, 7, 2], and is as None"),
        ({"CCCl": [1, 5, 5, 7, 2], "CBr": [1, 5, 8, 2]}, "'CBr' was read as nothing, and is as [1, 5, 8, 2]"),
    ],
)
def test_other_token_ids_than_the_golden_ones_are_told(today: dict[str, list[int]], why: str) -> None:
    kept = answer(VECTORS, tokens={"CCCl": [1, 5, 5, 7, 2]})
    (finding,) = compare_tokens(kept, ready(today))
    assert (finding.passed, finding.message) == (False, why)


def test_the_same_token_ids_agree_and_a_model_without_tokens_is_not_asked() -> None:
    kept = answer(VECTORS, tokens={"CCCl": [1, 5, 5, 7, 2]})
    (finding,) = compare_tokens(kept, ready({"CCCl": [1, 5, 5, 7, 2]}))
    assert finding.passed
    assert compare_tokens(answer(VECTORS), ready({})) == []


def test_vectors_within_the_tolerance_agree_with_the_golden_ones() -> None:
    finding = compare_golden(answer(VECTORS), answer(VECTORS * np.float32(1.00001)), "cpu")
    assert finding.passed
    assert finding.value is not None
    assert finding.grade == "A" or finding.grade == "B"


@pytest.mark.slow
@pytest.mark.usefixtures("plain_environment")
class TestInARealWorker:
    def test_a_sound_model_passes_every_level(self, zoo: Path) -> None:
        report = in_venv(find("trivial"), "conformance")
        kinds = {finding.kind for finding in report.findings if not finding.passed}
        assert report.passed, report.findings
        assert kinds <= {"informational"}
        assert report.versions["numpy"] == "2.4.6"
        contract = in_venv(find("trivial"), "contract")
        assert contract.passed
        assert "rotation" not in {finding.rule for finding in contract.findings}

    def test_weights_left_random_fail(self, zoo: Path) -> None:
        report = in_venv(find("mischief-seeded"), "contract")
        failed = [finding.rule for finding in report.findings if not finding.passed and finding.kind == "mandatory"]
        assert failed == ["weights-fixed"]
        assert report.grade == "D"

    def test_a_model_whose_process_dies_fails_and_the_rule_that_killed_it_is_named(self, zoo: Path) -> None:
        adapter = zoo / "adapters" / "mischief.py"
        adapter.write_text(
            adapter.read_text() + "\n\nclass Dies(Mischief):\n    def embed(self, batch):\n"
            "        if any(name.startswith('single-atom/') for name in batch.ids):\n            os.abort()\n"
            "        return super().embed(batch)\n"
        )
        card = zoo / "models" / "trivial" / "card.toml"
        card.write_text(card.read_text().replace('id = "trivial"', 'id = "trivial"\nadapter = "mischief:Dies"'))
        report = in_venv(find("trivial"), "contract")
        (death,) = [finding for finding in report.findings if finding.rule == "survival"]
        assert not death.passed
        assert report.grade == "D"
        assert "asked for single-atom" in death.message
        assert "signal 6" in death.message

    def test_golden_vectors_are_kept_once_compared_and_never_overwritten_by_accident(self, zoo: Path) -> None:
        model = find("trivial")
        with pytest.raises(MatterzooError) as missing:
            in_venv(model, "golden")
        assert missing.value.code is ExitCode.INPUT_MISSING
        file = make_golden(model, "venv", "cpu", lambda _: None)
        before = file.read_bytes()
        report = in_venv(find("trivial"), "golden")
        assert report.passed, report.findings
        (finding,) = [finding for finding in report.findings if finding.rule == "golden"]
        assert finding.value == 0.0
        with pytest.raises(MatterzooError) as refused:
            make_golden(find("trivial"), "venv", "cpu", lambda _: None)
        assert refused.value.code is ExitCode.CANNOT_WRITE
        make_golden(find("trivial"), "venv", "cpu", lambda _: None, replace=True)
        assert file.read_bytes() == before

    def test_a_model_that_says_something_else_than_its_golden_vectors_fails(self, zoo: Path) -> None:
        make_golden(find("trivial"), "venv", "cpu", lambda _: None)
        adapter = zoo / "adapters" / "mischief.py"
        adapter.write_text(adapter.read_text().replace("-vectors[:, 0]", "-1.01 * vectors[:, 0]"))
        report = in_venv(find("trivial"), "golden")
        failed = [finding.rule for finding in report.findings if not finding.passed and finding.kind == "consistency"]
        assert failed == ["golden"]
        assert report.grade == "C"

    def test_the_ladder_follows_from_what_is_on_record(self, zoo: Path) -> None:
        assert standing_of(find("trivial")).state == "carded"
        model = locked(find("trivial"))
        assert standing_of(model).state == "locked"
        verified = record(model, in_venv(model, "conformance"))
        assert (verified.level, verified.device, verified.grade) == ("conformance", "cpu", "B")
        assert standing_of(find("trivial")).state == "contract"
        make_golden(find("trivial"), "venv", "cpu", lambda _: None)
        record(find("trivial"), in_venv(find("trivial"), "golden"))
        assert standing_of(find("trivial")).state == "verified"
        record(find("trivial"), in_venv(find("trivial"), "golden"))
        assert [one.level for one in find("trivial").lock.verified] == ["conformance", "golden"]
        elsewhere = tuple(one.model_copy(update={"recipe_key": "a" * 64}) for one in find("trivial").lock.verified)
        write_lock(model.lock_file, read_lock(model.lock_file).model_copy(update={"verified": elsewhere}))
        assert standing_of(find("trivial")).state == "locked"
        record(find("trivial"), in_venv(find("trivial"), "golden"))
        assert [one.level for one in find("trivial").lock.verified] == ["golden"]
        adapter = zoo / "adapters" / "mischief.py"
        adapter.write_text(adapter.read_text() + "\n")
        assert standing_of(find("trivial")).state == "carded"

    def test_nothing_is_recorded_that_failed_or_is_tied_to_no_recipe(self, zoo: Path) -> None:
        model = find("trivial")
        report = in_venv(model, "contract")
        with pytest.raises(MatterzooError, match="does not name the recipe"):
            record(model, report)
        failed = Report(model.id, "contract", [Finding("x", "mandatory", passed=False, message="")], variant="cpu")
        with pytest.raises(MatterzooError) as refused:
            record(model, failed)
        assert refused.value.code is ExitCode.CONFORMANCE
        assert not model.lock_file.exists()

    def test_the_command_grades_and_its_exit_code_tells(self, zoo: Path, matterzoo) -> None:
        code, stdout, _ = matterzoo("check", "trivial", "--runtime", "venv", "--json")
        report = json.loads(stdout)
        assert code == 0
        assert report["passed"] is True
        assert {"rule", "kind", "grade", "value", "tolerance", "message"} <= set(report["findings"][0])
        code, stdout, _ = matterzoo("check", "mischief-seeded", "--level", "contract", "--runtime", "venv")
        assert code == ExitCode.CONFORMANCE
        assert "✗ weights-fixed" in stdout
        assert "grade D, failed" in stdout
        code, _, stderr = matterzoo("check", "trivial", "--level", "thorough")
        assert code == ExitCode.USAGE
        assert "inspect, contract, conformance, golden" in stderr
