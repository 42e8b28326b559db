"""Golden vectors: what a model said about a few fixed records, kept to be compared with what it says today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from matterzoo_harness.checking.files import golden_file
from matterzoo_harness.inputs import Inputs
from matterzoo_harness.model import Model
from matterzoo_harness.readers.read import read
from matterzoo_harness.readers.result import ReadResult
from matterzoo_harness.samples import load_sample
from matterzoo_schemas.canonical import sha256_of_file
from matterzoo_schemas.card import ModelCard, View
from matterzoo_schemas.events import Ready
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.findings import Finding
from matterzoo_schemas.golden import distances, kept_small
from matterzoo_schemas.lock import read_lock, write_lock
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.shard import Embeddings

COUNT = 8
"""Fixed records a model."""
SAMPLES = {
    View.ATOMS: ("crystals", "molecules"), View.TEXT: ("crystals",), View.SMILES: ("molecules",),
    View.SELFIES: ("molecules",), View.SEQUENCE: ("proteins",), View.BACKBONE: ("proteins",),
    View.GRID: ("grids",),
}  # fmt: skip
"""Which built-in samples the records of a view are taken from, or made of."""
OWN = "fixed.csv"
"""Records in a model's own folder, where no sample speaks its language."""


def fixed_inputs(model: Model, folder: Path, ids: Sequence[str] = ()) -> Inputs:
    """Return the fixed records of a model: its own, or spread over those of the samples that its domain holds.

    Parameters
    ----------
    model
        Whose domain counts.
    folder
        Where the file of records is put.
    ids
        Which records, where a golden file names them.

    Raises
    ------
    MatterzooError
        `USAGE` for a view that no sample has; `BAD_INPUT` if the samples have nothing of the domain, or not those ids.
    """
    there, source = _there(model)
    if not there or not set(ids) <= set(there):
        lacking = ", ".join(sorted(set(ids) - set(there))) or "anything that this model takes"
        raise MatterzooError(ExitCode.BAD_INPUT, f"{model.id}: {source} lack {lacking}")
    rows = np.unique(np.linspace(0, len(there) - 1, COUNT).round().astype(int))
    chosen = ids or [list(there)[row] for row in rows]
    return Inputs(ReadResult(Records.of(there[name] for name in chosen)), folder)


def _there(model: Model) -> tuple[dict[str, Sample], str]:
    """Return the records that a model can be asked about, by id, and where they are from, in words."""
    own = model.folder / OWN
    if own.is_file():
        return {sample.id: sample for sample in _samples(read(own).records)}, f"the records of {own}"
    names = SAMPLES.get(model.card.view)
    if names is None:
        raise MatterzooError(ExitCode.USAGE, f"{model.id}: no sample has the view {model.card.view.value!r}")
    there = {sample.id: sample for name in names for sample in _within(load_sample(name), model.card)}
    return there, f"the samples {' and '.join(names)}"


def _samples(records: Records) -> list[Sample]:
    return [records[row] for row in range(len(records))]


def _within(records: Records, card: ModelCard) -> list[Sample]:
    samples = _samples(records)
    if card.view in (View.SMILES, View.SELFIES):
        return [sample for sample in samples if "smiles" in sample.views]
    if card.view is View.BACKBONE:
        return [sample for sample in samples if "backbone" in sample.views]
    if card.view is not View.ATOMS:
        return samples
    domain, most = card.domain, card.domain.max_nodes or np.inf
    return [
        sample
        for sample in samples
        if (domain.elements is None or set(sample.views["atoms"].numbers.tolist()) <= set(domain.elements))
        and (domain.periodic if sample.views["atoms"].pbc.any() else domain.non_periodic)
        and len(sample.views["atoms"].numbers) <= most
    ]


def write_golden(model: Model, answer: Embeddings, device: str, ready: Ready) -> Path:
    """Keep a model's vectors (wide ones projected) and token ids, and record the file's hash in its lock.

    Raises
    ------
    MatterzooError
        `CONFORMANCE` if a fixed record has no vector.
    """
    if not answer.ok.all():
        row = int(np.flatnonzero(~answer.ok)[0])
        raise MatterzooError(ExitCode.CONFORMANCE, f"{model.id}: {answer.ids[row]} has no vector: {answer.reason[row]}")
    header = _header(answer)
    kept = {name: header[name] for name in ("model", "records", "made_of", "random_weights")}
    about = {"device": device, "versions": ready.versions, "tolerance": model.card.tolerances.golden}
    if ready.tokens:
        about["tokens"] = ready.tokens
    file = golden_file(model)
    kept_small(replace(answer, nodes=None, header=kept | about)).write(file)
    lock = read_lock(model.lock_file).model_copy(update={"golden_sha256": sha256_of_file(file)})
    write_lock(model.lock_file, lock)
    return file


def compare_golden(golden: Embeddings, answer: Embeddings, device: str) -> Finding:
    """Compare today's vectors and energies with the golden ones, each relative to its norm."""
    header = _header(golden)
    made = f"golden vectors of {header['device']} ({', '.join(f'{n} {v}' for n, v in header['versions'].items())})"

    def seen(message: str, value: float | None, *, passed: bool) -> Finding:
        return Finding("golden", "consistency", passed, f"{message}; {made}, compared on {device}", value, tolerance)

    tolerance = float(header["tolerance"])
    if header["records"] != _header(answer)["records"]:
        return seen("the fixed records are not the golden ones", None, passed=False)
    if sorted(golden.layers) != sorted(answer.layers):
        return seen(f"the layers are {', '.join(answer.layers)}", None, passed=False)
    if not answer.ok.all():
        row = int(np.flatnonzero(~answer.ok)[0])
        return seen(f"{answer.ids[row]} has no vector: {answer.reason[row]}", None, passed=False)
    found = distances(golden, answer)
    worst = max(found, key=lambda name: found[name])
    where = f"largest for {worst}" if found[worst] else "the same bits"
    return seen(where, found[worst], passed=found[worst] <= tolerance)


def compare_tokens(golden: Embeddings, ready: Ready) -> list[Finding]:
    """Compare today's token ids with the golden ones, if the model reads tokens."""
    kept = _header(golden).get("tokens", {})
    if not kept and not ready.tokens:
        return []
    other = [text for text in sorted({*kept, *ready.tokens}) if kept.get(text) != ready.tokens.get(text)]
    message = f"the same ids of {len(kept)} strings"
    if other:
        message = f"{other[0]!r} was read as {kept.get(other[0], 'nothing')}, and is as {ready.tokens.get(other[0])}"
    return [Finding("golden-tokens", "consistency", passed=not other, message=message)]


def _header(answer: Embeddings) -> Mapping[str, Any]:
    return answer.header or {}
