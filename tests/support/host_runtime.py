"""A runtime that starts real workers with the tests' own interpreter: no environment has to be made first."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, BinaryIO, cast

from matterzoo_harness.executors.base import Job
from matterzoo_harness.plan import Choices, make_plan
from matterzoo_harness.runtimes.base import Progress, WorkerSpec, quiet
from matterzoo_harness.runtimes.venv import VenvProcess
from matterzoo_schemas.records import Records


class HostProcess(VenvProcess):
    """A worker as a child process of its own group."""

    def __init__(self, spec: WorkerSpec) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="matterzoo-test-"))
        with spec.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "matterzoo_adapters.worker"],
                env=os.environ | {"HOME": str(self._home), "OMP_NUM_THREADS": "1"}, cwd=self._home,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.stdin = cast("BinaryIO", self._process.stdin)
        self.stdout = cast("BinaryIO", self._process.stdout)


class HostRuntime:
    """Starts workers with this interpreter, and remembers each."""

    name = "host"

    def __init__(self) -> None:
        self.started: list[HostProcess] = []

    def available(self) -> str | None:
        return None

    def prepare(self, spec: WorkerSpec, progress: Progress = quiet) -> None:
        pass

    def command(self, spec: WorkerSpec) -> list[str]:
        return [sys.executable, "-m", "matterzoo_adapters.worker"]

    def start(self, spec: WorkerSpec) -> HostProcess:
        process = HostProcess(spec)
        self.started.append(process)
        return process


def job_of(model_id: str, records: Records, folder: Path, runtime: HostRuntime | None = None, **changes: Any) -> Job:
    """Plan a model of the private zoo (it must be on MATTERZOO_PATH) over records, in a folder."""
    from matterzoo.catalogue import find

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "records.safetensors"
    records.write(file)
    choices = changes.pop("choices", Choices())
    plan = make_plan(
        find(model_id), Records.open(file), file, choices, identity=records.identity, lock_sha256="0" * 64,
        checkpoint_sha256=None, **{name: changes.pop(name) for name in ("failures",) if name in changes},
    )  # fmt: skip
    return Job(
        plan=plan, runtime=runtime or HostRuntime(), folder=folder / "shards" / model_id,
        log=folder / f"{model_id}.log", device="cpu", variant="cpu", **changes,
    )  # fmt: skip
