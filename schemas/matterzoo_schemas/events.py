"""The protocol between harness and worker: JSON lines, requests in, events out; data only through files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

PROTOCOL_VERSION = 1

Message = TypeVar("Message", bound="_Message")


@dataclass(frozen=True)
class _Message:
    name: ClassVar[str]

    def encode(self) -> bytes:
        """Return the message as one JSON line."""
        return json.dumps({"type": self.name, **vars(self)}, separators=(",", ":")).encode() + b"\n"


@dataclass(frozen=True)
class Load(_Message):
    """The first request: load this model.

    Parameters
    ----------
    setup
        The resolved card and the choices of the run, as `matterzoo_adapters.base.Setup` takes them.
    """

    name: ClassVar[str] = "load"
    setup: dict[str, Any]


@dataclass(frozen=True)
class EmbedShard(_Message):
    """Embed records `start … stop` of a file and commit the answer as a file.

    Parameters
    ----------
    shard
        Number of the shard.
    records
        File of records, as the worker sees it.
    start, stop
        Range of rows.
    output
        File to commit, as the worker sees it.
    header
        What the file's header says (the content key among it).
    failed
        Row → [status, reason] of records that are known to kill the model: they are not run again.
    alone
        Rows to run in a batch of one each, because together they kill the model.
    """

    name: ClassVar[str] = "embed"
    shard: int
    records: str
    start: int
    stop: int
    output: str
    header: dict[str, Any]
    failed: dict[str, list[Any]] = field(default_factory=dict)
    alone: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Probe(_Message):
    """Run single records and write nothing: finds the record that kills the model."""

    name: ClassVar[str] = "probe"
    shard: int
    records: str
    rows: list[int]


@dataclass(frozen=True)
class Check(_Message):
    """Run the conformance suite: `contract` its mandatory rules, `conformance` all of them."""

    name: ClassVar[str] = "check"
    level: str


@dataclass(frozen=True)
class Ready(_Message):
    """The model is loaded; where it reads tokens, `tokens` holds the ids of a few fixed strings."""

    name: ClassVar[str] = "ready"
    model: str
    protocol: int
    schema: int
    layers: list[str]
    has_energy: bool
    device: str
    versions: dict[str, str]
    parameters: int
    weights_sha256: str | None
    seconds: float
    tokens: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class BatchStarted(_Message):
    """Sent before a batch runs: if the worker dies now, one of these did it."""

    name: ClassVar[str] = "batch"
    shard: int
    rows: list[int]
    ids: list[str]


@dataclass(frozen=True)
class ShardDone(_Message):
    """The shard's file is committed (or, after a probe, its records ran)."""

    name: ClassVar[str] = "done"
    shard: int
    count: int
    failed: int
    nodes: int
    seconds: float
    peak_memory_mb: float


@dataclass(frozen=True)
class Checked(_Message):
    """The suite ran; each of its findings as the fields of `matterzoo_schemas.findings.Finding`."""

    name: ClassVar[str] = "checked"
    findings: list[dict[str, Any]]


@dataclass(frozen=True)
class Failed(_Message):
    """The worker gives up, with an exit code of the command and what to tell the user."""

    name: ClassVar[str] = "failed"
    code: int
    message: str
    hint: str = ""


Request = Load | EmbedShard | Probe | Check
Event = Ready | BatchStarted | ShardDone | Checked | Failed
_TYPES: dict[str, type[_Message]] = {
    kind.name: kind for kind in (Load, EmbedShard, Probe, Check, Ready, BatchStarted, ShardDone, Checked, Failed)
}


def decode(line: bytes) -> Any:
    """Read one JSON line back as the message it is.

    Raises
    ------
    ValueError
        If the line is no message of this protocol.
    """
    try:
        content = json.loads(line)
        return _TYPES[content.pop("type")](**content)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"not a message of the worker's protocol: {line[:200]!r}") from error
