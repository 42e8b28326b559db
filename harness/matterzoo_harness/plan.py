"""From a card and a file of records to shards, each with the key that says when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from matterzoo_harness.model import Model
from matterzoo_schemas import NUMERICS_EPOCH, SCHEMA_VERSION
from matterzoo_schemas.canonical import sha256_of
from matterzoo_schemas.card import EmbeddingCard
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.records import Records
from matterzoo_schemas.shard import Status

SHARD_NODES = 20_000
"""Nodes a shard: some ten seconds of work for a potential on a laptop, so a crash loses little."""
SHARD_RECORDS = 20_000
"""Records a shard at most, where records have few nodes."""
Failures = Mapping[int, tuple[Status, str]]


@dataclass(frozen=True)
class Choices:
    """What a user may choose for a run; everything here changes the numbers or what is written."""

    device: str = "cpu"
    layers: tuple[str, ...] = ()
    pooling: str | None = None
    nodes: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    node_budget: int | None = None
    seed: int = 0
    threads: int = 1


@dataclass(frozen=True)
class Shard:
    """Rows `start … stop` of the records, and the content key of their embeddings."""

    number: int
    start: int
    stop: int
    key: str
    failed: Failures

    @property
    def file_name(self) -> str:
        """Name of the shard's file."""
        return f"shard-{self.number:05d}.safetensors"


@dataclass(frozen=True)
class Plan:
    """All that one model will do with one file of records.

    Parameters
    ----------
    model
        Which model.
    records_file
        The records, with the view that the model takes.
    shards
        In the order of the records.
    setup
        What the worker is told, but for the paths, which the runtime knows.
    header
        What every file of embeddings says of where it comes from.
    key
        The content key of the whole answer: a hash of all shards' keys.
    """

    model: Model
    records_file: Path
    count: int
    shards: tuple[Shard, ...]
    setup: Mapping[str, Any]
    header: Mapping[str, Any]
    key: str


def make_plan(
    model: Model,
    records: Records,
    records_file: Path,
    choices: Choices,
    *,
    identity: str,
    lock_sha256: str,
    checkpoint_sha256: str | None,
    failures: Failures | None = None,
    derived: Mapping[str, Any] | None = None,
) -> Plan:
    """Plan one model over records.

    Parameters
    ----------
    model, records, records_file, choices
        Which model, over what, how.
    identity
        Identity of the data set that the user gave, before views were derived.
    lock_sha256
        SHA-256 of the lock variant that will run.
    checkpoint_sha256
        SHA-256 of the weights; None where the package carries them (the lock names the package) or there are none.
    failures
        Rows that could not be read or converted, with the reason.
    derived
        Provenance of a derived view.

    Raises
    ------
    MatterzooError
        `USAGE` for an option, layer or pooling that the model does not have, `BAD_INPUT` if there are no records.
    """
    if len(records) == 0:
        raise MatterzooError(ExitCode.BAD_INPUT, f"there are no records in {records_file}")
    card, failures = model.card, failures or {}
    layers = model.layers(choices.layers)
    levels = {layer.name: layer.level for layer in card.embedding.layers}
    poolings = get_args(EmbeddingCard.model_fields["pooling"].annotation)
    if choices.pooling and choices.pooling not in poolings:
        raise MatterzooError(
            ExitCode.USAGE, f"there is no pooling {choices.pooling!r}; there is: {', '.join(poolings)}"
        )
    if choices.nodes and (without := [name for name in layers if levels[name] == "record"]):
        raise MatterzooError(ExitCode.USAGE, f"{model.id} has no node vectors in layer {', '.join(without)}")
    setup: dict[str, Any] = {
        "model": model.id,
        "card": model.resolved_card,
        "layers": list(layers),
        "options": model.options(dict(choices.options)),
        "pooling": choices.pooling or card.embedding.pooling,
        "nodes": choices.nodes,
        "node_budget": choices.node_budget or card.limits.node_budget,
        "seed": choices.seed,
        "threads": choices.threads,
    }
    chosen = {name: value for name, value in setup.items() if name != "card"}
    made_of = {
        "schema": SCHEMA_VERSION, "numerics": NUMERICS_EPOCH, **chosen, "device": choices.device, "dtype": "float32",
        "checkpoint": checkpoint_sha256, "lock": lock_sha256, "adapter": model.adapter_sha256,
    }  # fmt: skip
    header = {
        "model": model.id, "records": identity, "environment": card.environment, "made_of": made_of,
        "derived": dict(derived) if derived else None, "random_weights": card.random_weights,
    }  # fmt: skip
    shards = []
    for number, (start, stop) in enumerate(_ranges(_sizes(records, card.view.value))):
        mine = {row: failures[row] for row in range(start, stop) if row in failures} if failures else {}
        content = {
            **made_of, "records": sha256_of(np.ascontiguousarray(records.hashes[start:stop]).tobytes()),
            "failed": {str(row - start): [int(status), reason] for row, (status, reason) in mine.items()},
        }  # fmt: skip
        shards.append(Shard(number, start, stop, sha256_of(content), mine))
    key = sha256_of([shard.key for shard in shards])
    return Plan(model, records_file, len(records), tuple(shards), setup, header, key)


def _sizes(records: Records, view: str) -> npt.NDArray[np.int64]:
    column = records.views.get(view)
    return np.ones(len(records), np.int64) if column is None else column.sizes()


def _ranges(sizes: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Cut consecutive records into ranges of at most SHARD_NODES nodes and SHARD_RECORDS records."""
    running = np.concatenate([[0], np.cumsum(np.maximum(sizes, 1))])
    ranges, start = [], 0
    while start < len(sizes):
        fits = int(np.searchsorted(running, running[start] + SHARD_NODES, side="right")) - 1
        stop = min(max(fits, start + 1), start + SHARD_RECORDS, len(sizes))
        ranges.append((start, stop))
        start = stop
    return ranges
