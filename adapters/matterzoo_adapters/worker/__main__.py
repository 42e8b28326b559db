"""`python -m matterzoo_adapters.worker`: started by a runtime, spoken to through its pipes."""

from __future__ import annotations

import errno
import json
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matterzoo_adapters.worker.channel import Channel
from matterzoo_schemas import SCHEMA_VERSION
from matterzoo_schemas.events import (
    PROTOCOL_VERSION,
    BatchStarted,
    Check,
    Checked,
    EmbedShard,
    Failed,
    Load,
    Probe,
    Ready,
    ShardDone,
)
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from matterzoo_adapters.worker.engine import Engine


def main() -> int:
    """Load, say `ready`, serve; an error the user can act on goes out as the event `failed`."""
    channel = Channel()
    try:
        engine: Engine | None = None
        for request in channel.requests():
            if isinstance(request, Load):
                engine = start(channel, request.setup)
            elif engine is None:
                continue
            elif isinstance(request, Check):
                check(channel, engine, request)
            else:
                serve(channel, engine, request)
    except MatterzooError as error:
        channel.send(Failed(int(error.code), error.message, error.hint))
        return int(error.code)
    except OSError as error:
        code = ExitCode.DISK_FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else ExitCode.CANNOT_WRITE
        channel.send(Failed(int(code), f"the worker could not read or write: {error}"))
        return int(code)
    except Exception as error:  # noqa: BLE001 (the last line of defence: whatever it is goes to the user)
        traceback.print_exc()
        channel.send(Failed(int(ExitCode.MODEL_CRASHED), f"the model could not be loaded or run: {error!r}"))
        return int(ExitCode.MODEL_CRASHED)
    return 0


def start(channel: Channel, content: dict[str, Any]) -> Engine:
    """Load the model and announce it. Third-party packages are imported only from here on."""
    began = time.monotonic()
    from matterzoo_adapters.backends import backend
    from matterzoo_adapters.worker.engine import Engine
    from matterzoo_adapters.worker.loading import adapter_class, fingerprint, read_setup, token_ids

    setup = read_setup(content)
    kind = adapter_class(setup.adapter)
    framework = backend(kind.backend)
    adapter = kind(setup, framework.prepare(setup.device, setup.seed, setup.threads))
    adapter.load()
    weights, parameters = fingerprint(adapter.weights())
    channel.send(
        Ready(
            model=setup.model,
            protocol=PROTOCOL_VERSION,
            schema=SCHEMA_VERSION,
            layers=list(setup.layers),
            has_energy=bool(setup.card["energy"]["available"]),
            device=setup.device,
            versions={"python": sys.version.split()[0], **framework.versions()},
            parameters=parameters,
            weights_sha256=weights,
            seconds=round(time.monotonic() - began, 3),
            tokens=token_ids(adapter),
        )
    )
    return Engine(adapter, framework)


def serve(channel: Channel, engine: Engine, request: EmbedShard | Probe) -> None:
    """Answer one request."""
    import numpy as np

    from matterzoo_schemas.records import Records
    from matterzoo_schemas.shard import Status

    began = time.monotonic()
    shard = request if isinstance(request, EmbedShard) else None
    rows = np.arange(request.start, request.stop) if isinstance(request, EmbedShard) else np.asarray(request.rows)
    records = Records.open(Path(request.records)).take(rows)

    def announce(batch: npt.NDArray[np.int64], ids: list[str]) -> None:
        channel.send(BatchStarted(request.shard, rows[batch].tolist(), ids))

    embeddings = engine.run(
        records,
        announce,
        header=shard.header if shard else {},
        failed={int(row) - shard.start: (Status(s), why) for row, (s, why) in shard.failed.items()} if shard else {},
        alone=[row - shard.start for row in shard.alone] if shard else range(len(rows)),
    )
    seconds, memory = round(time.monotonic() - began, 4), round(engine.backend.peak_memory_mb(), 1)
    failed = int(np.count_nonzero(~embeddings.ok))
    nodes = engine.nodes(records, embeddings.ok)
    if shard:
        output = Path(shard.output)
        note = {"seconds": seconds, "peak_memory_mb": memory, "node_budget": engine.budget, "nodes": nodes,
                "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}  # fmt: skip
        output.with_suffix(".run.json").write_text(json.dumps(note, sort_keys=True) + "\n", "utf-8")
        embeddings.write(output)
    channel.send(ShardDone(request.shard, len(rows), failed, nodes, seconds, memory))


def check(channel: Channel, engine: Engine, request: Check) -> None:
    """Run the conformance suite."""
    from dataclasses import asdict

    from matterzoo_adapters.conformance.subject import Subject
    from matterzoo_adapters.conformance.suite import run_suite

    subject = Subject(engine, lambda rows, ids: channel.send(BatchStarted(0, rows.tolist(), ids)))
    channel.send(Checked([asdict(finding) for finding in run_suite(subject, request.level)]))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.exit(code)
