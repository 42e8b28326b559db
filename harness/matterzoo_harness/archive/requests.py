"""What `replay.py` tells the worker: the very request that made a model's golden vectors, and its records."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matterzoo_harness.archive.sharing import weights_place
from matterzoo_harness.checking.files import golden_file
from matterzoo_harness.checking.golden import fixed_inputs
from matterzoo_harness.embedding import Request, prepare_job
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.executors.base import Notice
from matterzoo_harness.executors.shards import worker_spec
from matterzoo_harness.model import Model
from matterzoo_harness.plan import Choices
from matterzoo_harness.runtimes.variables import worker_variables
from matterzoo_schemas.shard import Embeddings

ALL_LAYERS = ("*",)
HOME = "{home}"
"""Where a worker's caches go: a folder that `replay.py` makes."""


def replay_request(model: Model, scratch: Path) -> tuple[dict[str, Any], Path]:
    """Plan a model over its fixed records, as its golden vectors were made.

    Parameters
    ----------
    model
        Which.
    scratch
        Where the file of records is put.

    Returns
    -------
    request, records
        JSON-able, all but the weights' place; and the file of records with the view that the model takes.

    Raises
    ------
    MatterzooError
        As `fixed_inputs`.
    """
    golden = golden_file(model)
    ids = list(Embeddings.open(golden).ids) if golden.is_file() else ()
    request = Request(scratch, "venv", "cpu", Choices(layers=ALL_LAYERS, threads=1))
    job = prepare_job(model, fixed_inputs(model, scratch, ids), request, _silent, fetch=False)
    environment = find_environment(model.card.environment).environment
    variables: Mapping[str, str] = worker_variables(worker_spec(job), environment, HOME)
    content = {
        "model": model.id,
        "setup": {**job.plan.setup, "adapter": model.card.adapter},
        "header": {**job.plan.header, "key": job.plan.key},
        "variables": dict(variables),
        "weights": None,
        "weights_from": weights_place(model),
        "weights_sha256": model.lock.weights_sha256,
    }
    return content, job.plan.records_file


def _silent(_: Notice) -> None:
    pass
