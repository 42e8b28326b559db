"""Planning: what changes the numbers changes the key, and nothing else does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from host_runtime import job_of
from made_records import large, named

from matterzoo_harness.executors.local import LocalExecutor
from matterzoo_harness.plan import SHARD_NODES, Choices, Plan
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.records import Records
from matterzoo_schemas.shard import Status

pytestmark = pytest.mark.usefixtures("private_zoo")


def plan(folder: Path, records: Records | None = None, model: str = "mischief", **changes: object) -> Plan:
    return job_of(model, named(["a", "b"]) if records is None else records, folder, **changes).plan


def test_shards_are_consecutive_and_bounded(tmp_path: Path) -> None:
    shards = plan(tmp_path, large("abcdefg", atoms=SHARD_NODES // 3)).shards
    assert [(shard.start, shard.stop) for shard in shards] == [(0, 3), (3, 6), (6, 7)]
    assert [(s.start, s.stop) for s in plan(tmp_path, large("ab", atoms=SHARD_NODES + 1)).shards] == [(0, 1), (1, 2)]


def test_the_same_plan_has_the_same_keys_wherever_it_lies(tmp_path: Path) -> None:
    assert plan(tmp_path / "here").key == plan(tmp_path / "there").key


@pytest.mark.parametrize(
    "choices",
    [Choices(pooling="sum"), Choices(nodes=True), Choices(node_budget=7), Choices(seed=1), Choices(threads=2), Choices(device="cuda")],
)  # fmt: skip
def test_whatever_changes_the_numbers_changes_the_key(tmp_path: Path, choices: Choices) -> None:
    assert plan(tmp_path, choices=choices).key != plan(tmp_path).key


def test_other_records_and_other_failures_are_another_key(tmp_path: Path) -> None:
    first = plan(tmp_path, named(["a", "b"]))
    assert plan(tmp_path, named(["a", "c"])).key != first.key
    assert plan(tmp_path, failures={1: (Status.INVALID, "no parse")}).key != first.key


def test_verifying_a_model_leaves_its_results_valid(
    tmp_path: Path, private_zoo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = plan(tmp_path).key
    zoo = shutil.copytree(private_zoo, tmp_path / "zoo")
    monkeypatch.setenv("MATTERZOO_PATH", str(zoo))
    (zoo / "models" / "mischief" / "lock.json").write_text(json.dumps({"golden_sha256": "ab" * 32}))
    assert plan(tmp_path).key == before
    adapter = zoo / "adapters" / "mischief.py"
    adapter.write_text(adapter.read_text() + "\n# changed\n")
    assert plan(tmp_path).key != before, "another adapter is another model"


@pytest.mark.parametrize(
    ("choices", "what"),
    [
        (Choices(layers=("first",)), "no layer first; it has: last"),
        (Choices(pooling="median"), "no pooling 'median'; there is: mean"),
        (Choices(options={"modal": "PBE"}), "no option 'modal'; it has: none"),
    ],
)
def test_what_the_model_does_not_have_is_refused_with_what_it_has(tmp_path: Path, choices: Choices, what: str) -> None:
    with pytest.raises(MatterzooError, match=what) as caught:
        plan(tmp_path, choices=choices)
    assert caught.value.code is ExitCode.USAGE


def test_no_records_are_bad_input(tmp_path: Path) -> None:
    with pytest.raises(MatterzooError) as caught:
        plan(tmp_path, named(["a"]).take(np.zeros(0, np.int64)))
    assert caught.value.code is ExitCode.BAD_INPUT


def test_weights_other_than_the_lock_records_are_refused(
    tmp_path: Path, private_zoo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo = shutil.copytree(private_zoo, tmp_path / "zoo")
    monkeypatch.setenv("MATTERZOO_PATH", str(zoo))
    (zoo / "models" / "mischief-seeded" / "lock.json").write_text(json.dumps({"weights_sha256": "ab" * 32}))
    (error,) = LocalExecutor().run([job_of("mischief-seeded", named(["a"]), tmp_path)], lambda _: None)
    assert isinstance(error, MatterzooError)
    assert error.code is ExitCode.DIGEST_MISMATCH
    assert "left random" in error.message
    assert not list(tmp_path.glob("shards/**/*.safetensors")), "nothing of it was written"
