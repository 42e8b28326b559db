"""The proof that several models saw the same records in the same order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matterzoo_schemas.canonical import canonical_json, open_tensors
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.shard import KIND, Embeddings


@dataclass(frozen=True)
class Gathered:
    """Several models over the same records.

    Parameters
    ----------
    ids
        Ids of the records, in order [n].
    models
        Embeddings by model id, rows in the order of `ids`.
    common
        Records for which every model has a vector [n].
    dropped
        Ids that were left out because not every model had them, on request.
    """

    ids: list[str]
    models: dict[str, Embeddings]
    common: npt.NDArray[np.bool_]
    dropped: list[str]

    def summary(self) -> dict[str, Any]:
        """Return what was proved, JSON-able."""
        return {
            "records": len(self.ids),
            "common": int(self.common.sum()),
            "dropped": self.dropped,
            "models": {
                name: {
                    "ok": int(e.ok.sum()),
                    "failed": int((~e.ok).sum()),
                    "layers": {layer: int(value.pooled.shape[1]) for layer, value in e.layers.items()},
                    "key": (e.header or {}).get("key"),
                    "random_weights": bool((e.header or {}).get("random_weights")),
                }
                for name, e in self.models.items()
            },
        }


def gather(files: Mapping[str, Path], *, intersect: bool = False) -> Gathered:
    """Prove that all models saw the same ids in the same order from the same data.

    Parameters
    ----------
    files
        File of embeddings by model id.
    intersect
        Keep the records that every model has, in the first model's order, instead of refusing a difference.

    Raises
    ------
    MatterzooError
        `BAD_INPUT`, naming both models and the first ids that differ; also where the records behind equal ids differ.
    """
    if not files:
        raise MatterzooError(ExitCode.INPUT_MISSING, "there are no embeddings to gather")
    models = {name: Embeddings.open(path) for name, path in files.items()}
    for name, embeddings in models.items():
        _refuse_duplicates(name, embeddings)
    first, *others = models
    dropped: list[str] = []
    if not intersect:
        for other in others:
            _same_records(first, models[first], other, models[other])
    else:
        models, dropped = _intersected(models)
    ids = list(models[first].ids)
    common = np.logical_and.reduce([e.ok for e in models.values()])
    return Gathered(ids, models, common, dropped)


def _refuse_duplicates(name: str, embeddings: Embeddings) -> None:
    ids = Counter(embeddings.ids)
    if twice := [record for record, count in ids.items() if count > 1]:
        raise MatterzooError(
            ExitCode.BAD_INPUT, f"{name} has {len(twice)} ids more than once, such as {', '.join(twice[:3])}"
        )


def _same_records(a: str, first: Embeddings, b: str, second: Embeddings) -> None:
    if first.ids != second.ids:
        here, there = list(first.ids), list(second.ids)
        missing = sorted(set(here) - set(there))
        foreign = sorted(set(there) - set(here))
        what = "; ".join(
            f"{len(names)} {kind}, such as {', '.join(names[:3])}"
            for kind, names in ((f"missing from {b}", missing), (f"foreign to {a}", foreign))
            if names
        )
        raise MatterzooError(
            ExitCode.BAD_INPUT,
            f"{a} and {b} did not see the same records: {what or 'the same ids in another order'}",
            "embed both from the same input, or add --intersect",
        )
    identities = [(e.header or {}).get("records") for e in (first, second)]
    if identities[0] != identities[1]:
        raise MatterzooError(
            ExitCode.BAD_INPUT,
            f"{a} and {b} have the same ids, but the data behind them differs ({identities[0]} and {identities[1]})",
            "embed both from the same input",
        )


def _intersected(models: Mapping[str, Embeddings]) -> tuple[dict[str, Embeddings], list[str]]:
    ids = {name: list(e.ids) for name, e in models.items()}
    shared = set.intersection(*(set(names) for names in ids.values()))
    first = next(iter(models))
    kept = [name for name in ids[first] if name in shared]
    if not kept:
        raise MatterzooError(ExitCode.BAD_INPUT, "the models have no record in common")
    every = sorted(set().union(*ids.values()) - shared)
    taken = {}
    for name, e in models.items():
        where = {record: row for row, record in enumerate(ids[name])}
        taken[name] = e.take(np.array([where[record] for record in kept], np.int64))
    return taken, every


def embedding_files(folder: Path) -> dict[str, Path]:
    """Return the files of embeddings in a folder, by the model that each says it is of.

    Raises
    ------
    MatterzooError
        `INPUT_MISSING` if there are none; `BAD_INPUT` if two files are of one model.
    """
    files: dict[str, Path] = {}
    for path in sorted(folder.glob("*.safetensors")):
        try:
            model = str(open_tensors(path, KIND).header["model"])
        except (MatterzooError, KeyError):
            continue
        if model in files:
            raise MatterzooError(ExitCode.BAD_INPUT, f"{files[model]} and {path} are both of {model}")
        files[model] = path
    if not files:
        raise MatterzooError(
            ExitCode.INPUT_MISSING, f"there are no embeddings in {folder}", f"matterzoo embed --models … -o {folder}"
        )
    return files


def write_proof(gathered: Gathered, folder: Path, target: Path | None = None) -> Path:
    """Write what was proved as JSON; intersected embeddings are written beside it, for they are new files."""
    target = target or folder / "gathered.json"
    target.write_bytes(canonical_json(gathered.summary()) + b"\n")
    if gathered.dropped:
        common = target.with_suffix("")
        common.mkdir(exist_ok=True)
        for name, embeddings in gathered.models.items():
            embeddings.write(common / f"{name}.safetensors")
    return target
