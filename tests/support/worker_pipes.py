"""A real worker process, spoken to through its real pipes."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matterzoo_harness.cards import read_card
from matterzoo_schemas.events import BatchStarted, EmbedShard, Event, Failed, Load, Ready, Request, ShardDone, decode
from matterzoo_schemas.records import Records
from matterzoo_schemas.shard import Embeddings

ZOO = Path(__file__).resolve().parent.parent / "private_zoo"
SECONDS = 60.0


def setup_of(adapter: str = "mischief:Mischief", model: str = "mischief", **changes: Any) -> dict[str, Any]:
    """What the harness would tell a worker, with changes; `card` is merged one level deep."""
    card = read_card(ZOO / "models" / model / "card.toml").model_dump(mode="json")
    card |= {key: {**card[key], **value} for key, value in changes.pop("card", {}).items()}
    file, _, name = adapter.partition(":")
    return {
        "model": model, "card": card, "adapter": f"{ZOO / 'adapters' / file}.py:{name}", "layers": ["last"],
        "node_budget": 40, **changes,
    }  # fmt: skip


class Worker:
    """One worker; every event it ever sent is in `events`."""

    def __init__(self, setup: Mapping[str, Any] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "matterzoo_adapters.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.events: list[Event] = []
        self.raw: list[bytes] = []
        self._queue: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._log: list[bytes] = []
        self._threads = [threading.Thread(target=read, daemon=True) for read in (self._read, self._read_log)]
        for thread in self._threads:
            thread.start()
        if setup is not None:
            self.send(Load(dict(setup)))

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._queue.put(line)
        self._queue.put(b"")

    def _read_log(self) -> None:
        assert self.process.stderr
        self._log.extend(self.process.stderr)

    def send(self, request: Request) -> None:
        """Send one request."""
        assert self.process.stdin
        self.process.stdin.write(request.encode())
        self.process.stdin.flush()

    def next(self) -> Event | None:
        """Return the next event; None once the worker's output has closed."""
        line = self._queue.get(timeout=SECONDS)
        if not line:
            return None
        self.raw.append(line)
        event: Event = decode(line)
        self.events.append(event)
        return event

    def until(self, *kinds: type[Event]) -> Event:
        """Return the next event of these kinds."""
        while not isinstance(event := self.next(), kinds):
            assert event is not None, f"the worker ended: {self.log()}"
            assert not isinstance(event, (ShardDone, Failed)), event
        return event

    def embed(self, records: Records, folder: Path, **changes: Any) -> Embeddings:
        """Embed all of some records as one shard."""
        file, output = folder / "records.safetensors", folder / "shard.safetensors"
        records.write(file)
        request: dict[str, Any] = {"start": 0, "stop": len(records), "header": {"key": "k"}, **changes}
        self.send(EmbedShard(shard=0, records=str(file), output=str(output), **request))
        event = self.until(ShardDone, Failed)
        assert isinstance(event, ShardDone), event
        return Embeddings.open(output)

    @property
    def ready(self) -> Ready:
        """What the worker announced."""
        return next(event for event in self.events if isinstance(event, Ready))

    @property
    def batches(self) -> list[BatchStarted]:
        """The batches announced so far."""
        return [event for event in self.events if isinstance(event, BatchStarted)]

    def close_input(self) -> None:
        """Close the worker's input, as a dead harness does."""
        assert self.process.stdin
        self.process.stdin.close()

    def end(self) -> int:
        """Wait until the worker has ended, and return its exit code."""
        code = self.process.wait(SECONDS)
        for thread in self._threads:
            thread.join()
        return code

    def log(self) -> str:
        """What the worker wrote to its standard error, once it has ended."""
        self.end()
        return b"".join(self._log).decode()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
