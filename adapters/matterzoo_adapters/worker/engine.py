"""Run a shard: refuse, batch, embed, survive exceptions and exhausted memory, pool, collect."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matterzoo_adapters.backends import Backend
from matterzoo_adapters.base import Adapter, Batch
from matterzoo_adapters.batching import batches
from matterzoo_adapters.worker.answers import Answers
from matterzoo_adapters.worker.checks import refusals
from matterzoo_schemas.exit_codes import MatterzooError
from matterzoo_schemas.records import Records
from matterzoo_schemas.shard import Embeddings, Status

Rows = npt.NDArray[np.int64]
Announce = Callable[[Rows, list[str]], None]
DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)


class Engine:
    """One loaded adapter, and the node budget it has left.

    Parameters
    ----------
    adapter
        Loaded.
    backend
        The adapter's framework.
    """

    def __init__(self, adapter: Adapter[Any], backend: Backend) -> None:
        self.adapter = adapter
        self.backend = backend
        self.budget = adapter.setup.node_budget
        card = adapter.setup.card
        self._view: str = card["view"]
        self._dims = {layer["name"]: layer.get("dim") for layer in card["embedding"]["layers"]}

    def run(
        self,
        records: Records,
        announce: Announce,
        header: Mapping[str, Any],
        failed: Mapping[int, tuple[Status, str]],
        alone: Sequence[int],
    ) -> Embeddings:
        """Embed all records of a shard.

        Parameters
        ----------
        records
            The shard's records.
        announce
            Called with rows and ids before each batch runs.
        header
            Header of the shard's file.
        failed
            Rows that are not to be run, with status and reason.
        alone
            Rows that run in a batch of one each.

        Raises
        ------
        MatterzooError
            `BAD_CARD` if adapter and card do not agree.
        """
        setup = self.adapter.setup
        answers = Answers(
            len(records), {name: self._dims[name] for name in setup.layers}, setup.pooling,
            keep_nodes=setup.nodes, keep_energy=bool(setup.card["energy"]["available"]),
        )  # fmt: skip
        refused = refusals(records, self._view, setup.card["domain"]) | dict(failed)
        for row, (status, reason) in refused.items():
            answers.fail(row, status, reason)
        good = np.setdiff1d(np.arange(len(records)), np.fromiter(refused, np.int64, len(refused)))
        if self._view not in records.views or len(good) == 0:
            return answers.finish(records.ids, header)
        for place, reason in self.adapter.refuse(self._batch(records, good)).items():
            answers.fail(int(good[place]), Status.UNSUPPORTED, reason)
        good = good[answers.status[good] == Status.OK]
        single = np.intersect1d(good, np.asarray(alone, np.int64))
        sizes = records.views[self._view].sizes()
        together = np.setdiff1d(good, single)
        for rows in [*batches(sizes, together, self.budget, padded=self.adapter.padded), *single.reshape(-1, 1)]:
            self._run_batch(records, rows, answers, announce)
        return answers.finish(records.ids, header)

    def nodes(self, records: Records, rows: npt.NDArray[np.bool_]) -> int:
        """Return how many nodes the marked records have together."""
        column = records.views.get(self._view)
        return 0 if column is None else int(column.sizes()[rows].sum())

    def _batch(self, records: Records, rows: Rows) -> Batch:
        return self.adapter.batch_type(records.take(rows), self._view)

    def _run_batch(self, records: Records, rows: Rows, answers: Answers, announce: Announce) -> None:
        batch = self._batch(records, rows)
        announce(rows, batch.ids)
        try:
            self._embed(batch, rows, answers)
        except MatterzooError:
            raise
        except Exception as error:  # a model may raise anything; it must cost one record only
            if isinstance(error, OSError) and error.errno in DISK_IS_FULL:
                raise  # no record's fault, whatever the package wanted to write
            smaller = self._after(error, records, rows, answers)
        else:
            return
        for part in smaller:
            self._run_batch(records, part, answers, announce)

    def _after(self, error: Exception, records: Records, rows: Rows, answers: Answers) -> list[Rows]:
        """Decide what to do after an exception: smaller batches, singles, or one failed record."""
        exhausted = self.backend.out_of_memory(error)
        if len(rows) == 1:
            status = Status.OUT_OF_MEMORY if exhausted else Status.ERROR
            answers.fail(int(rows[0]), status, f"{type(error).__name__}: {_first_line(error)}")
            return []
        if not exhausted:
            return list(rows.reshape(-1, 1))
        sizes = records.views[self._view].sizes()
        cost = int(sizes[rows].max() * len(rows) if self.adapter.padded else sizes[rows].sum())
        self.budget = max(min(self.budget, cost) // 2, 1)
        return batches(sizes, rows, self.budget, padded=self.adapter.padded)

    def _embed(self, batch: Batch, rows: Rows, answers: Answers) -> None:
        answer = self.adapter.embed(batch)
        layers = {name: self.backend.to_numpy(values) for name, values in answer.layers.items()}
        energy = None if answer.energy is None else self.backend.to_numpy(answer.energy).astype(np.float64)
        offsets = None
        if not answer.per_record:
            offsets = answer.offsets if answer.offsets is not None else _offsets(batch)
        answers.put(rows, layers, offsets, answer.index, energy, answer.weights)


def _offsets(batch: Batch) -> npt.NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(batch.sizes)])


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:500] if text else "no message"
