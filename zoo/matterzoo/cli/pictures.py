"""What `run` shows at its end: where the file is, what is in it, what failed and why, and a small picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matterzoo.cli import console
from matterzoo_schemas.exit_codes import MatterzooError
from matterzoo_schemas.shard import Embeddings, Status

if TYPE_CHECKING:
    from matterzoo_harness.embedding import Outcome

WIDTH, HEIGHT = 64, 16
SHOWN = 10


def show(outcome: Outcome) -> None:
    """Print the end of a run for people."""
    answer = outcome.embeddings
    if answer is None:
        if outcome.error is not None and not isinstance(outcome.error, MatterzooError):
            console.say(f"{outcome.model.id}: {outcome.error!r}")
        return
    print(f"\n{outcome.model.id}: {int(answer.ok.sum())} of {len(answer)} records embedded", end="")
    print(f" in {outcome.seconds:.1f} s ({outcome.runtime})" if outcome.seconds else " (all done before)")
    print(f"  file    {outcome.file}")
    for name, layer in answer.layers.items():
        nodes = "" if layer.nodes is None else f", nodes {layer.nodes.shape[0]} × {layer.nodes.shape[1]}"
        print(f"  layer   {name}: {layer.pooled.shape[0]} × {layer.pooled.shape[1]} {layer.pooled.dtype}{nodes}")
    if answer.energy is not None:
        print("  energy  eV, total")
    if outcome.model.card.random_weights:
        print("  note    random weights: a baseline, not a trained model")
    _show_failures(answer)
    _show_map(answer)
    name = next(iter(answer.layers))
    print("\n  open it with\n")
    print("    import matterzoo as mz")
    print(f'    answer = mz.load("{outcome.file}")')
    print(f'    vectors = answer.layers["{name}"].pooled[answer.ok]')


def _show_failures(answer: Embeddings) -> None:
    rows = np.flatnonzero(~answer.ok)
    for row in rows[:SHOWN].tolist():
        print(f"  failed  {answer.ids[row]}: {Status(answer.status[row]).name.lower()}, {answer.reason[row]}")
    if len(rows) > SHOWN:
        print(f"  failed  … and {len(rows) - SHOWN} more; --json lists them all")


def _show_map(answer: Embeddings) -> None:
    """Draw the records in the plane of their two largest principal components."""
    vectors = next(iter(answer.layers.values())).pooled[answer.ok].astype(np.float64)
    if len(vectors) < 3 or vectors.shape[1] < 2:
        return
    plane, share = principal_plane(vectors)
    names = [name for name, good in zip(answer.ids, answer.ok, strict=True) if good]
    print(f"\n  the records in the plane of their first two principal components ({share:.0%} of the variance)\n")
    for line in scatter(plane):
        print(f"    {line}")
    left, right = int(plane[:, 0].argmin()), int(plane[:, 0].argmax())
    print(f"    far left: {names[left]}, far right: {names[right]}; ● is several records")


def principal_plane(vectors: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], float]:
    """Return coordinates [n, 2] in the first two principal components, and their share of the variance."""
    centred = vectors - vectors.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    total = float((singular**2).sum())
    return left[:, :2] * singular[:2], float((singular[:2] ** 2).sum() / total) if total else 0.0


def scatter(plane: npt.NDArray[np.float64]) -> list[str]:
    """Draw points as lines of text."""
    low, high = plane.min(axis=0), plane.max(axis=0)
    scaled = (plane - low) / np.where(high > low, high - low, 1.0)
    counts = np.zeros((HEIGHT, WIDTH), np.int64)
    columns = np.minimum((scaled[:, 0] * WIDTH).astype(int), WIDTH - 1)
    rows = HEIGHT - 1 - np.minimum((scaled[:, 1] * HEIGHT).astype(int), HEIGHT - 1)
    np.add.at(counts, (rows, columns), 1)
    return ["".join(" ·●"[min(count, 2)] for count in row).rstrip() or " " for row in counts.tolist()]
