"""The worker's pipes: what goes in, what comes out, and when it ends. Real processes, real pipes."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from made_records import named
from worker_pipes import Worker, setup_of

from matterzoo_schemas.events import BatchStarted, EmbedShard, Failed, Probe, Ready, ShardDone
from matterzoo_schemas.exit_codes import ExitCode
from matterzoo_schemas.shard import Status


def test_the_first_event_is_ready_and_says_what_was_loaded() -> None:
    with Worker(setup_of()) as worker:
        event = worker.next()
        assert isinstance(event, Ready)
        assert (event.model, event.layers, event.has_energy, event.device) == ("mischief", ["last"], True, "cpu")
        assert event.versions["numpy"] == np.__version__
        assert event.weights_sha256 is None
        assert event.parameters == 0


def test_what_a_package_prints_from_c_and_python_goes_to_standard_error(tmp_path: Path) -> None:
    with Worker(setup_of()) as worker:
        answer = worker.embed(named(["a", "print-1", "b"]), tmp_path)
        assert answer.ok.all()
        assert [type(event) for event in worker.events] == [Ready, BatchStarted, ShardDone]
        worker.close_input()
        log = worker.log()
    assert "a model package greets from C" in log
    assert "and from Python" in log
    assert log.count("is no event when a package prints it") == 2000


def test_a_package_finds_standard_input_empty(tmp_path: Path) -> None:
    adapter = tmp_path / "reads.py"
    adapter.write_text(
        "import os, sys\nfrom matterzoo_adapters.base import AtomsAdapter\n"
        "class Reads(AtomsAdapter):\n    backend = 'none'\n    def embed(self, batch): ...\n"
        "    def load(self):\n        print('read', os.read(0, 10), sys.stdin.read())\n"
    )
    with Worker(setup_of() | {"adapter": f"{adapter}:Reads"}) as worker:
        assert isinstance(worker.next(), Ready)
        worker.close_input()
        assert "read b''" in worker.log()


def test_the_ids_of_a_batch_are_named_before_it_runs(tmp_path: Path) -> None:
    names = ["a", "b", "sleep-forever", "c"]
    named(names).write(tmp_path / "records.safetensors")
    with Worker(setup_of()) as worker:
        worker.until(Ready)
        worker.send(EmbedShard(0, str(tmp_path / "records.safetensors"), 0, 4, str(tmp_path / "s.safetensors"), {}))
        event = worker.until(BatchStarted)
        assert isinstance(event, BatchStarted)
        assert dict(zip(event.rows, event.ids, strict=True)) == dict(enumerate(names))


def test_closing_its_input_ends_the_worker_in_the_middle_of_a_batch(tmp_path: Path) -> None:
    named(["sleep-forever"]).write(tmp_path / "records.safetensors")
    with Worker(setup_of()) as worker:
        worker.until(Ready)
        worker.send(EmbedShard(0, str(tmp_path / "records.safetensors"), 0, 1, str(tmp_path / "s.safetensors"), {}))
        worker.until(BatchStarted)
        worker.close_input()
        worker.end()
    assert not (tmp_path / "s.safetensors").exists()


def test_closing_its_input_ends_a_worker_that_waits() -> None:
    with Worker(setup_of()) as worker:
        worker.until(Ready)
        worker.close_input()
        assert worker.end() == 0


def test_a_line_that_is_no_message_ends_the_worker() -> None:
    with Worker() as worker:
        assert worker.process.stdin
        worker.process.stdin.write(b"what?\n")
        worker.process.stdin.flush()
        assert worker.end() == ExitCode.USAGE
        assert "not a message" in worker.log()


def test_a_probe_runs_each_record_alone_and_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "records.safetensors"
    named(["a", "b", "c", "d"]).write(file)
    with Worker(setup_of()) as worker:
        worker.until(Ready)
        worker.send(Probe(0, str(file), [3, 1]))
        worker.until(ShardDone)
        assert sorted(batch.rows for batch in worker.batches) == [[1], [3]]
    assert list(tmp_path.iterdir()) == [file]


def test_seconds_and_memory_stand_beside_the_shard_and_not_in_it(tmp_path: Path) -> None:
    with Worker(setup_of()) as worker:
        records = named(["a", "b"])
        worker.embed(records, tmp_path)
        first = (tmp_path / "shard.safetensors").read_bytes()
        assert b'"seconds"' in (tmp_path / "shard.run.json").read_bytes()
        time.sleep(1.1)
        worker.embed(records, tmp_path)
        assert (tmp_path / "shard.safetensors").read_bytes() == first


def test_a_gpu_that_is_wanted_and_absent_has_its_own_exit_code() -> None:
    with Worker(setup_of(device="cuda")) as worker:
        event = worker.next()
        assert isinstance(event, Failed)
        assert event.code == ExitCode.GPU_UNUSABLE
        assert "GPU" in event.message
        assert worker.end() == ExitCode.GPU_UNUSABLE


def test_a_model_that_cannot_be_loaded_says_why() -> None:
    with Worker(setup_of("odd:Broken")) as worker:
        event = worker.next()
        assert isinstance(event, Failed)
        assert event.code == ExitCode.MODEL_CRASHED
        assert "the checkpoint has other keys" in event.message


def test_a_setup_of_another_version_is_refused() -> None:
    with Worker(setup_of(colour="blue")) as worker:
        event = worker.next()
        assert isinstance(event, Failed)
        assert event.code == ExitCode.BAD_CARD
        assert "colour" in event.message


@pytest.mark.parametrize(
    ("adapter", "what"),
    [
        ("odd:TooWide", "length 8, and the card says 4"),
        ("odd:TooFew", "nodes went in"),
        ("odd:OtherLayer", "no layer 'last', only first"),
        ("odd:NoEnergy", "promises an energy"),
        ("odd:Nobody", "has no adapter 'Nobody'"),
    ],
)
def test_an_adapter_that_disagrees_with_its_card_is_refused(tmp_path: Path, adapter: str, what: str) -> None:
    named(["a", "b"]).write(tmp_path / "records.safetensors")
    with Worker(setup_of(adapter)) as worker:
        worker.send(EmbedShard(0, str(tmp_path / "records.safetensors"), 0, 2, str(tmp_path / "s.safetensors"), {}))
        event = worker.until(Failed)
        assert isinstance(event, Failed)
        assert event.code == ExitCode.BAD_CARD
        assert what in event.message
        assert worker.end() == ExitCode.BAD_CARD
    assert not (tmp_path / "s.safetensors").exists()


def test_a_disk_that_is_full_for_the_package_is_no_fault_of_a_record(tmp_path: Path) -> None:
    named(["a", "b"]).write(tmp_path / "records.safetensors")
    with Worker(setup_of("odd:DiskFull")) as worker:
        worker.send(EmbedShard(0, str(tmp_path / "records.safetensors"), 0, 2, str(tmp_path / "s.safetensors"), {}))
        event = worker.until(Failed)
        assert isinstance(event, Failed)
        assert event.code == ExitCode.DISK_FULL


def test_records_known_to_kill_the_model_are_not_run_again(tmp_path: Path) -> None:
    with Worker(setup_of()) as worker:
        answer = worker.embed(
            named(["a", "abort-1", "b"]), tmp_path, failed={"1": [int(Status.CRASHED), "the process died"]}
        )
        assert answer.status.tolist() == [0, Status.CRASHED, 0]
        assert answer.reason[1] == "the process died"
        assert np.isnan(answer.layers["last"].pooled[1]).all()
        assert answer.energy is not None
        assert np.isnan(answer.energy[1])
