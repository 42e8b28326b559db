"""Carry out one job: shard after shard, whatever the model's process does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from filelock import FileLock, Timeout

from matterzoo_harness.assembling import shard_is_done
from matterzoo_harness.conversation import Conversation, WorkerDied
from matterzoo_harness.executors.base import Job, Listener, Notice
from matterzoo_harness.plan import Shard
from matterzoo_harness.runtimes.base import WorkerSpec
from matterzoo_harness.starting import refuse_other_weights, start_worker
from matterzoo_schemas.events import BatchStarted, EmbedShard, Probe
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.shard import Status

MOST_RESTARTS = 5
"""Restarts without a culprit before a shard is given up."""


class ShardRunner:
    """One job's worker, restarted when it dies, and the shards it has still to do.

    The committed bytes depend on the records and on which of them kill the model, never on when something died: a
    batch whose worker died is probed record by record, the culprits are marked, and the shard runs again as if they
    had been known from the start. If none is found, the death came from outside and the shard simply runs again.

    Parameters
    ----------
    job
        What to do.
    listener
        Told what happens.
    """

    def __init__(self, job: Job, listener: Listener) -> None:
        self.job = job
        self._tell = listener
        self._worker: Conversation | None = None
        self._before = 0
        self._stopped = False

    def run(self) -> None:
        """Commit every shard that is not committed yet.

        Raises
        ------
        MatterzooError
            What the worker gave up with; `MODEL_CRASHED` if it keeps dying for no record's sake.
        """
        job = self.job
        job.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(job.folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise MatterzooError(
                ExitCode.CANNOT_WRITE, f"another run is writing to {job.folder}", "wait for it, or choose another OUT"
            ) from error
        try:
            for left_over in job.folder.glob(".*.part"):
                left_over.unlink()
            for shard in job.plan.shards:
                self._before = shard.start
                if not shard_is_done(job.folder, shard):
                    self._run_shard(shard)
                self._progress(shard.stop)
        except BaseException:
            self._forget()
            raise
        finally:
            if self._worker:
                self._worker.close()
            lock.release()

    def stop(self) -> None:
        """End the worker; what is committed stays. May be called from another thread."""
        self._stopped = True
        if worker := self._worker:
            worker.kill()

    def _refuse_if_stopped(self) -> None:
        if self._stopped:
            raise MatterzooError(ExitCode.INTERRUPTED, "interrupted", "the same command goes on where it stopped")

    def _run_shard(self, shard: Shard) -> None:
        failed = dict(shard.failed)
        alone: set[int] = set()
        fruitless = 0
        while True:
            try:
                self._with_worker(partial(self._embed, shard, failed, alone))
            except WorkerDied as death:
                self._refuse_if_stopped()
                self._warn(f"{death.reason}; looking for the record that did it")
                if culprits := self._culprits(shard, death):
                    failed |= culprits
                    continue
                fruitless += 1
                if fruitless > 2:
                    alone |= set(death.rows)
                if fruitless > MOST_RESTARTS:
                    raise MatterzooError(
                        ExitCode.MODEL_CRASHED,
                        f"{self.job.plan.model.id}: {death.reason}, {fruitless} times, and no single record does it",
                        f"read {self.job.log}",
                    ) from death
            else:
                return

    def _embed(self, shard: Shard, failed: dict[int, Any], alone: set[int], worker: Conversation) -> None:
        job = self.job
        worker.ask(
            EmbedShard(
                shard=shard.number,
                records=worker.process.map_path(job.plan.records_file),
                start=shard.start,
                stop=shard.stop,
                output=worker.process.map_path(job.folder / shard.file_name),
                header={**job.plan.header, "key": shard.key, "start": shard.start},
                failed={str(row): [int(status), reason] for row, (status, reason) in failed.items()},
                alone=sorted(alone),
            ),
            self._on_batch(),
        )

    def _on_batch(self) -> Callable[[BatchStarted], None]:
        """Count the records of a batch as done once the next one starts."""
        done = 0

        def count(event: BatchStarted) -> None:
            nonlocal done
            self._progress(self._before + done)
            done += len(event.rows)

        return count

    def _culprits(self, shard: Shard, death: WorkerDied) -> dict[int, tuple[Status, str]]:
        """Run each record of the fatal batch alone, and name those that kill a worker.

        A worker that dies on a record dies of it only if that happens twice: once may be somebody's `kill -9`.
        """
        culprits: dict[int, tuple[Status, str]] = {}
        rest = list(death.rows)
        suspect = rest[0] if len(rest) == 1 else None
        while rest:
            try:
                self._with_worker(partial(self._probe, shard, rest))
            except WorkerDied as again:
                if len(again.rows) != 1:
                    break
                row = again.rows[0]
                rest = rest[rest.index(row) :]
                if again.status is Status.CRASHED and row != suspect:
                    suspect = row
                    continue
                culprits[row] = (again.status, again.reason)
                self._warn(f"record {row}: {again.reason}")
                rest = rest[1:]
            else:
                break
        return culprits

    def _probe(self, shard: Shard, rows: list[int], worker: Conversation) -> None:
        records = worker.process.map_path(self.job.plan.records_file)
        worker.ask(Probe(shard=shard.number, records=records, rows=rows), lambda _: None)

    def _with_worker(self, action: Callable[[Conversation], None]) -> None:
        """Do something with the worker, starting it if there is none, and forgetting it if it dies."""
        worker = self._worker or self._start()
        try:
            action(worker)
        except WorkerDied:
            self._worker = None
            raise

    def _start(self) -> Conversation:
        self._refuse_if_stopped()
        job, model = self.job, self.job.plan.model
        spec = worker_spec(job)
        self._tell(Notice(model.id, "starting", text=job.runtime.name))
        job.runtime.prepare(spec, lambda line: self._tell(Notice(model.id, "preparing", text=line)))
        self._tell(Notice(model.id, "loading", text=job.runtime.name))
        try:
            worker, ready = start_worker(
                job.runtime, spec, model, job.plan.setup, job.batch_seconds, on_start=self._remember
            )
            refuse_other_weights(model, job.plan.setup["options"], ready)
        except MatterzooError:
            self._forget()
            self._refuse_if_stopped()
            raise
        self._tell(Notice(model.id, "ready", ready=ready))
        return worker

    def _remember(self, worker: Conversation) -> None:
        """From here on `stop` finds the worker; if it came before, it is heard now."""
        self._worker = worker
        self._refuse_if_stopped()

    def _forget(self) -> None:
        if self._worker:
            self._worker.kill()
            self._worker = None

    def _progress(self, done: int) -> None:
        self._tell(Notice(self.job.plan.model.id, "progress", done=done, total=self.job.plan.count))

    def _warn(self, text: str) -> None:
        self._tell(Notice(self.job.plan.model.id, "warning", text=text))


def worker_spec(job: Job) -> WorkerSpec:
    """Say what the runtime needs to know to start this job's worker."""
    model = job.plan.model
    private = (model.adapter_file,) if model.private else ()
    return WorkerSpec(
        model_id=model.id,
        card=job.plan.setup["card"],
        environment=model.card.environment,
        variant=job.variant,
        device=job.device,
        output=job.folder,
        log=job.log,
        inputs=(job.plan.records_file, *private),
        weights=job.weights,
        threads=int(job.plan.setup["threads"]),
        memory_bytes=job.memory_bytes,
        run_label=job.run_label,
    )
