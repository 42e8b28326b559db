"""Which model has vectors for which share of a data set, why it lacks the others, and who is compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matterzoo_schemas.exit_codes import MatterzooError
from matterzoo_schemas.shard import Embeddings, Status


@dataclass(frozen=True)
class Coverage:
    """One model on one data set.

    Parameters
    ----------
    model
        Id, or what the study calls a model that the zoo does not have.
    records, ok
        Asked for, and embedded.
    problem
        Why there is no file of embeddings at all; empty if there is one.
    reasons
        How many records failed, by reason.
    compared
        Whether it takes part in the comparison.
    header
        What the file says of itself: key, hashes of checkpoint, lock and adapter, random weights.
    width
        Of its vectors.
    """

    model: str
    records: int
    ok: int = 0
    problem: str = ""
    reasons: dict[str, int] = field(default_factory=dict)
    compared: bool = False
    header: dict[str, Any] = field(default_factory=dict)
    width: int | None = None

    @property
    def share(self) -> float:
        """The share of records that have a vector."""
        return self.ok / self.records if self.records else 0.0


def coverage_of(model: str, file: Path, records: int, least: float) -> Coverage:
    """Read what a file of embeddings covers."""
    try:
        answer = Embeddings.open(file)
    except MatterzooError as error:
        return Coverage(model, records, problem=error.message)
    ok = int(answer.ok.sum())
    reasons: Counter[str] = Counter()
    for row, status in enumerate(answer.status.tolist()):
        if status != Status.OK:
            reasons[f"{Status(status).name.lower().replace('_', ' ')}: {answer.reason[row]}"] += 1
    layer = next(iter(answer.layers.values()))
    common = dict(reasons.most_common(8))
    if rest := sum(reasons.values()) - sum(common.values()):
        common["other reasons"] = rest
    enough = ok > 0 and ok / max(records, 1) >= least
    return Coverage(model, records, ok, "", common, enough, dict(answer.header or {}), int(layer.pooled.shape[1]))


def link_compared(folder: Path, coverages: list[Coverage]) -> Path:
    """Make the folder of those that are compared: links to their files, and nothing else."""
    target = folder / "compared"
    target.mkdir(parents=True, exist_ok=True)
    wanted = {f"{each.model}.safetensors" for each in coverages if each.compared}
    for link in target.glob("*.safetensors"):
        if link.name not in wanted:
            link.unlink()
    for name in wanted:
        link = target / name
        if not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(Path("..") / name)
    return target
