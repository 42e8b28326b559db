"""Carrying out a job with real workers: whatever the model's process does, one bad record costs one record."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from host_runtime import HostRuntime, job_of
from made_records import large, named

from matterzoo_harness.assembling import assemble
from matterzoo_harness.executors.base import Job, Notice
from matterzoo_harness.executors.local import LocalExecutor, need_of
from matterzoo_harness.executors.shards import ShardRunner
from matterzoo_harness.plan import Choices
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.shard import Embeddings, Status

pytestmark = pytest.mark.usefixtures("private_zoo")
GIGABYTE = 2**30


def carry_out(job: Job, listener: Callable[[Notice], None] = lambda _: None) -> Embeddings:
    """Run a job to its end and assemble its file."""
    (error,) = LocalExecutor().run([job], listener)
    if error is not None:
        raise error
    return assemble(job.plan, job.folder, job.folder.parent / "gathered.safetensors")


@pytest.mark.parametrize(
    ("deed", "status", "reason"),
    [
        ("abort", Status.CRASHED, f"signal {int(signal.SIGABRT)}"),
        ("segv", Status.CRASHED, f"signal {int(signal.SIGSEGV)}"),
        ("die", Status.CRASHED, f"signal {int(signal.SIGKILL)}"),
        ("raise", Status.ERROR, "this record is poisoned"),
        ("nan", Status.NOT_FINITE, "NaN"),
        ("sleep", Status.TIMEOUT, "within 2 s"),
        ("eat", Status.OUT_OF_MEMORY, "GiB is the limit"),
    ],
)
def test_a_record_that_kills_the_model_costs_one_record(tmp_path: Path, deed: str, status: Status, reason: str) -> None:
    records = named(["a", "b", f"{deed}-1", "c", "d"])
    patience = 2.0 if status is Status.TIMEOUT else 120.0  # on a busy machine even eating takes its time
    job = job_of("mischief", records, tmp_path, batch_seconds=patience, memory_bytes=GIGABYTE)
    answer = carry_out(job)
    assert answer.status.tolist() == [0, 0, status, 0, 0]
    assert reason in answer.reason[2]
    assert np.isnan(answer.layers["last"].pooled[2]).all()
    good = carry_out(job_of("mischief", records.take(np.array([0, 1, 3, 4])), tmp_path / "without"))
    np.testing.assert_array_equal(answer.layers["last"].pooled[answer.ok], good.layers["last"].pooled)


def test_several_culprits_in_one_batch_are_each_found(tmp_path: Path) -> None:
    names = ["a", "abort-1", "b", "segv-1", "raise-1", "c", "abort-2"]
    answer = carry_out(job_of("mischief", named(names), tmp_path, choices=Choices(node_budget=1000)))
    crashed, error = Status.CRASHED, Status.ERROR
    assert answer.status.tolist() == [0, crashed, 0, crashed, error, 0, crashed]


def test_printing_costs_nothing(tmp_path: Path) -> None:
    assert carry_out(job_of("mischief", named(["a", "print-1", "b"]), tmp_path)).ok.all()


@pytest.mark.parametrize("when", [2, *(pytest.param(when, marks=pytest.mark.slow) for when in (0, 1, 3, 5))])
def test_a_worker_killed_from_outside_changes_no_bit(tmp_path: Path, when: int) -> None:
    records = large([f"slow-{number}" for number in range(12)], atoms=4000)  # every batch lasts long enough to be hit
    quiet = job_of("mischief", records, tmp_path / "quiet", choices=Choices(node_budget=8000))
    carry_out(quiet)
    runtime = HostRuntime()
    job = job_of("mischief", records, tmp_path / "disturbed", runtime, choices=Choices(node_budget=8000))
    progress = 0

    def kill_once(notice: Notice) -> None:
        nonlocal progress
        if notice.kind == "progress":
            progress += 1
        if notice.kind == "progress" and progress == when + 1:
            os.kill(runtime.started[0].pid, signal.SIGKILL)

    carry_out(job, kill_once)
    assert len(runtime.started) > 1, "the worker was killed and started anew"
    assert (tmp_path / "disturbed/shards/gathered.safetensors").read_bytes() == (
        tmp_path / "quiet/shards/gathered.safetensors"
    ).read_bytes()


def test_an_innocent_record_killed_while_it_is_probed_keeps_its_vector(tmp_path: Path) -> None:
    runtime = HostRuntime()
    job = job_of("mischief", named(["slow-1", "slow-2", "slow-3"]), tmp_path, runtime)
    killed = 0

    def kill_twice() -> None:
        nonlocal killed
        while killed < 2:
            time.sleep(0.01)
            alive = [process for process in runtime.started[killed:] if process.memory()]
            if alive and _started_a_batch(runner, killed + 1):
                os.kill(alive[-1].pid, signal.SIGKILL)
                killed += 1

    runner = ShardRunner(job, lambda _: None)
    thread = threading.Thread(target=kill_twice)
    thread.start()
    runner.run()
    thread.join()
    assert killed == 2
    assert assemble(job.plan, job.folder, tmp_path / "gathered.safetensors").ok.all()


def _started_a_batch(runner: ShardRunner, workers: int) -> bool:
    runtime = runner.job.runtime
    assert isinstance(runtime, HostRuntime)
    worker = runner._worker
    return len(runtime.started) == workers and worker is not None and bool(worker._running)


def test_a_model_that_dies_of_no_record_is_given_up_with_its_log_named(tmp_path: Path) -> None:
    runtime = HostRuntime()
    job = job_of("mischief", named(["slow-1", "slow-2"]), tmp_path, runtime)

    def kill_each(notice: Notice) -> None:
        if notice.kind == "progress":
            os.kill(runtime.started[-1].pid, signal.SIGKILL)

    (error,) = LocalExecutor().run([job], kill_each)
    assert isinstance(error, MatterzooError)
    assert error.code is ExitCode.MODEL_CRASHED
    assert str(job.log) in error.hint


def test_committed_shards_are_not_run_again(tmp_path: Path) -> None:
    records = large("abcdefgh", atoms=10_000)
    job = job_of("mischief", records, tmp_path)
    carry_out(job)
    assert len(job.plan.shards) == 4
    (job.folder / job.plan.shards[2].file_name).unlink()
    runtime = HostRuntime()
    done: list[int] = []
    again = job_of("mischief", records, tmp_path, runtime)
    before = {path: path.stat().st_mtime_ns for path in again.folder.glob("*.safetensors")}
    carry_out(again, lambda notice: done.append(notice.done) if notice.kind == "progress" else None)
    assert len(runtime.started) == 1
    assert done == sorted(done)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_job_that_is_done_starts_no_worker(tmp_path: Path) -> None:
    records = named(["a", "b"])
    carry_out(job_of("mischief", records, tmp_path))
    runtime = HostRuntime()
    carry_out(job_of("mischief", records, tmp_path, runtime))
    assert runtime.started == []


def test_other_choices_are_other_shards(tmp_path: Path) -> None:
    records = named(["a", "b"])
    carry_out(job_of("mischief", records, tmp_path))
    runtime = HostRuntime()
    answer = carry_out(job_of("mischief", records, tmp_path, runtime, choices=Choices(pooling="sum")))
    assert len(runtime.started) == 1
    assert answer.layers["last"].pooled[1, 0] == 1 + 6


def test_a_folder_that_another_run_writes_to_is_refused(tmp_path: Path) -> None:
    first = ShardRunner(job_of("mischief", named(["sleep-1"]), tmp_path), lambda _: None)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            first.run()
        except MatterzooError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while not (tmp_path / "mischief.log").exists():
        time.sleep(0.01)
    (error,) = LocalExecutor().run([job_of("mischief", named(["sleep-1"]), tmp_path)], lambda _: None)
    assert isinstance(error, MatterzooError)
    assert error.code is ExitCode.CANNOT_WRITE
    assert "another run" in error.message
    first.stop()
    thread.join(60)
    assert [error.code for error in errors if isinstance(error, MatterzooError)] == [ExitCode.INTERRUPTED]


def test_what_a_dead_run_left_half_written_is_removed(tmp_path: Path) -> None:
    job = job_of("mischief", named(["a"]), tmp_path)
    job.folder.mkdir(parents=True)
    (job.folder / ".shard-00000.safetensors.1.part").write_bytes(b"half")
    carry_out(job)
    assert list(job.folder.glob(".*.part")) == []


def test_one_model_that_fails_costs_the_others_nothing(tmp_path: Path) -> None:
    records = named(["a", "b"])
    runtime = HostRuntime()
    good = job_of("mischief", records, tmp_path / "good", runtime)
    bad = job_of("misloaded", records, tmp_path / "bad", runtime)
    errors = LocalExecutor(2).run([bad, good], lambda _: None)
    assert isinstance(errors[0], MatterzooError)
    assert errors[0].code is ExitCode.MODEL_CRASHED
    assert "other keys than the model" in errors[0].message
    assert errors[1] is None


def test_workers_run_side_by_side_only_as_far_as_memory_allows(tmp_path: Path) -> None:
    runtimes = [HostRuntime() for _ in range(3)]
    jobs = [job_of("mischief", named(["slow-1", "a"]), tmp_path / str(n), r) for n, r in enumerate(runtimes)]
    executor = LocalExecutor(3)
    executor._free = need_of(jobs[0])
    most = 0

    def look(_: Notice) -> None:
        nonlocal most
        most = max(most, sum(bool(p.memory()) for runtime in runtimes for p in runtime.started))

    assert executor.run(jobs, look) == [None, None, None]
    assert most == 1
