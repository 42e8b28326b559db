"""`run` and `embed`: records in, embeddings out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from matterzoo.cli import console
from matterzoo.cli.options import Device, Jobs, Json, Memory, ModelId, Runtime, Threads
from matterzoo.cli.progress import watching
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

if TYPE_CHECKING:
    from matterzoo_harness.embedding import Outcome, Request
    from matterzoo_harness.inputs import Inputs
    from matterzoo_harness.model import Model

SAMPLES = {"smiles": "sample:molecules", "selfies": "sample:molecules", "sequence": "sample:proteins",
           "backbone": "sample:proteins", "grid": "sample:grids"}  # fmt: skip
"""What a model runs on if the user gives no input."""

INPUT = typer.Argument(None, help="Files, folders, or sample:crystals, sample:molecules, sample:proteins.")
OUT = typer.Option(None, "--out", "-o", help="Folder of the results  [embeddings/<input>].", show_default=False)
LAYER = typer.Option([], "--layer", help="A layer to write, again for more, or '*'  [the card's default].")
POOLING = typer.Option(None, "--pooling", help="mean, sum, max, first or last  [the card's].")
NODES = typer.Option(False, "--nodes", help="Write a vector a node (atom, residue, token), too.")
OPTION = typer.Option([], "--option", metavar="NAME=VALUE", help="An option of the card, such as modal=PBE.")
BUDGET = typer.Option(None, "--node-budget", min=1, help="Most nodes in one batch  [the card's].")
SEED = typer.Option(0, "--seed", help="Seed of every random generator.")
TIMEOUT = typer.Option(None, "--timeout", metavar="SECONDS", help="Longest time for one batch  [the card's].")
DRY = typer.Option(False, "--dry-run", help="Print the exact commands of the workers, and start nothing.")


def run(
    model: ModelId = "",
    inputs: list[str] = INPUT,
    out: Path = OUT,
    runtime: Runtime = "auto",
    device: Device = "auto",
    layer: list[str] = LAYER,
    pooling: str = POOLING,
    nodes: bool = NODES,
    option: list[str] = OPTION,
    node_budget: int = BUDGET,
    seed: int = SEED,
    threads: Threads = 0,
    memory: Memory = None,
    timeout: float = TIMEOUT,
    json: Json = False,
    dry_run: bool = DRY,
) -> int:
    """Embed your structures, molecules or proteins by one model; sets up all that it needs."""
    from matterzoo.catalogue import find

    models = [find(model)]
    sources = inputs or [SAMPLES.get(models[0].card.view.value, "sample:crystals")]
    return _embed(
        models, sources, out, runtime, device, layer, pooling, nodes, option, node_budget, seed, threads, memory,
        timeout, 1, json, dry_run,
    )  # fmt: skip


def embed(
    inputs: list[str] = INPUT,
    models: str = typer.Option(..., "--models", "-m", help="Ids with commas between them."),
    out: Path = OUT,
    runtime: Runtime = "auto",
    device: Device = "auto",
    layer: list[str] = LAYER,
    pooling: str = POOLING,
    nodes: bool = NODES,
    option: list[str] = OPTION,
    node_budget: int = BUDGET,
    seed: int = SEED,
    threads: Threads = 0,
    memory: Memory = None,
    timeout: float = TIMEOUT,
    jobs: Jobs = 0,
    json: Json = False,
    dry_run: bool = DRY,
) -> int:
    """Embed the same records by several models side by side, within the machine's memory."""
    from matterzoo.catalogue import find
    from matterzoo_harness.devices import default_threads

    chosen = [find(name.strip()) for name in models.split(",") if name.strip()]
    workers = jobs or min(len(chosen), default_threads())
    return _embed(
        chosen, inputs or ["sample:crystals"], out, runtime, device, layer, pooling, nodes, option, node_budget, seed,
        threads, memory, timeout, workers, json, dry_run,
    )  # fmt: skip


def _embed(
    models: list[Model], sources: list[str], out: Path | None, runtime: str, device: str, layer: list[str],
    pooling: str | None, nodes: bool, option: list[str], node_budget: int | None, seed: int, threads: int,
    memory: float | None, timeout: float | None, workers: int, as_json: bool, dry_run: bool,
) -> int:  # fmt: skip
    from matterzoo_harness.embedding import Request, embed
    from matterzoo_harness.inputs import Inputs
    from matterzoo_harness.plan import Choices

    folder = out or default_folder(sources)
    choices = Choices(
        layers=tuple(layer), pooling=pooling, nodes=nodes, options=options_of(option), node_budget=node_budget,
        seed=seed, threads=threads,
    )  # fmt: skip
    request = Request(
        folder.absolute(), runtime, device, choices, workers, int(memory * 1e9) if memory else None, timeout
    )
    inputs = Inputs.read(sources, request.out)
    if dry_run:
        return _show_commands(models, inputs, request)
    for model in models:
        _say_licence(model)
    with watching(inputs.count, len(models)) as listener:
        outcomes = embed(models, inputs, request, listener)
    if as_json:
        console.emit([summary(outcome) for outcome in outcomes])
    else:
        from matterzoo.cli.pictures import show

        for outcome in outcomes:
            show(outcome)
    return exit_code(outcomes)


def _show_commands(models: list[Model], inputs: Inputs, request: Request) -> int:
    import shlex

    from matterzoo_harness.embedding import prepare_job
    from matterzoo_harness.executors.shards import worker_spec

    for model in models:
        job = prepare_job(model, inputs, request, lambda _: None, fetch=False)
        print(shlex.join(job.runtime.command(worker_spec(job))))
    return 0


def default_folder(sources: list[str]) -> Path:
    """Name the folder of the results after the first input."""
    first = sources[0].removeprefix("sample:").rstrip("/")
    stem = Path(first).name.partition(".")[0] or "records"
    return Path("embeddings") / stem


def options_of(pairs: list[str]) -> dict[str, str]:
    """Read NAME=VALUE pairs.

    Raises
    ------
    MatterzooError
        `USAGE` for a word without `=`.
    """
    chosen = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise MatterzooError(ExitCode.USAGE, f"--option takes NAME=VALUE, not {pair!r}")
        chosen[name] = value
    return chosen


def exit_code(outcomes: list[Outcome]) -> int:
    """Return the command's exit code: the first error's, else 3 if records failed, else 0."""
    for outcome in outcomes:
        if isinstance(outcome.error, MatterzooError):
            console.fail(f"{outcome.model.id}: {outcome.error.message}", outcome.error.hint)
    for outcome in outcomes:
        if isinstance(outcome.error, MatterzooError):
            return int(outcome.error.code)
        if outcome.error is not None:
            raise outcome.error
    failed = any(outcome.embeddings is not None and not outcome.embeddings.ok.all() for outcome in outcomes)
    return int(ExitCode.FAILED_RECORDS if failed else ExitCode.OK)


def summary(outcome: Outcome) -> dict[str, Any]:
    """Return what became of one model, JSON-able."""
    from matterzoo_schemas.shard import Status

    content: dict[str, Any] = {
        "model": outcome.model.id,
        "file": str(outcome.file),
        "runtime": outcome.runtime,
        "device": outcome.device,
        "seconds": round(outcome.seconds, 3),
        "error": None,
    }
    if isinstance(outcome.error, MatterzooError):
        content["error"] = {"code": int(outcome.error.code), "message": outcome.error.message}
    elif outcome.error:
        content["error"] = {"code": int(ExitCode.BUG), "message": repr(outcome.error)}
    if outcome.embeddings is None:
        return content
    answer = outcome.embeddings
    rows = [row for row, good in enumerate(answer.ok) if not good]
    return content | {
        "records": len(answer),
        "ok": int(answer.ok.sum()),
        "layers": {name: list(layer.pooled.shape) for name, layer in answer.layers.items()},
        "energy": answer.energy is not None,
        "random_weights": outcome.model.card.random_weights,
        "failed": [
            {"id": answer.ids[row], "status": Status(answer.status[row]).name, "reason": answer.reason[row]}
            for row in rows
        ],
    }


def _say_licence(model: Model) -> None:
    if model.card.licence.non_commercial:
        console.say(f"{model.id}: the licence of its weights ({model.card.licence.weights}) forbids commercial use")
    if model.card.random_weights:
        console.say(f"{model.id}: random weights; its vectors are a baseline, not a model's")
