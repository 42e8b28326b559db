"""From what the caller has to arrays that may be compared: same records, same order, finite, not constant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from matterzoo_harness.metrics.errors import MetricError
from matterzoo_harness.metrics.matching import Ids, align, same_count


@dataclass(frozen=True)
class Joined:
    """Embeddings of the same records by several models.

    Attributes
    ----------
    names
        The M models.
    ids
        The N records, or None where rows were joined by position.
    arrays
        [N, d_m] float32 or float64 each.
    dropped
        Ids (or row numbers) that were removed from all models, by reason.
    degenerate
        Models that are constant, with the reason; no number is computed for them.
    notes
        Warnings, for the provenance.
    """

    names: tuple[str, ...]
    ids: tuple[str, ...] | None
    arrays: tuple[NDArray[np.floating[Any]], ...]
    dropped: dict[str, list[str]] = field(default_factory=dict)
    degenerate: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def repeats(self) -> NDArray[np.bool_]:
        """Mark records that every model embeds exactly as it embeds an earlier record, [N]."""
        group = np.zeros(self.records, dtype=np.intp)
        for array in self.arrays:
            bytes_ = np.ascontiguousarray(array).view(f"V{array.itemsize * array.shape[1]}")[:, 0]
            labels = np.unique(bytes_, return_inverse=True)[1]
            _, first, group = np.unique(np.stack([group, labels]), axis=1, return_index=True, return_inverse=True)
            if len(first) == self.records:
                return np.zeros(self.records, dtype=bool)
        repeated = np.ones(self.records, dtype=bool)
        repeated[first] = False
        return repeated

    def without(self, rows: NDArray[np.bool_], reason: str) -> Joined:
        """Leave out the marked records, and write down which."""
        labels = self.ids or [str(i) for i in range(self.records)]
        joined = self.take(np.flatnonzero(~rows))
        return replace(joined, dropped={**self.dropped, reason: [labels[i] for i in np.flatnonzero(rows)]})

    @property
    def records(self) -> int:
        """N."""
        return len(self.arrays[0])

    def take(self, rows: NDArray[np.intp]) -> Joined:
        """Return the same models on some of the records."""
        ids = None if self.ids is None else tuple(self.ids[i] for i in rows)
        return Joined(self.names, ids, tuple(a[rows] for a in self.arrays), self.dropped, self.degenerate, self.notes)


def join(
    embeddings: Mapping[str, Any],
    ids: Ids | None = None,
    *,
    on_bad: str = "error",
    how: str = "exact",
    zero_rows: bool = True,
    failed: Mapping[str, NDArray[np.bool_]] | None = None,
) -> Joined:
    """Join embeddings by record id.

    Parameters
    ----------
    embeddings
        Model → [N, d] NumPy array, torch tensor or nested list.
    ids
        One list for all models, or one a model. None joins by position, which needs equal N.
    on_bad
        What to do with records that are not finite somewhere: `error`, or `drop` from all models.
    how
        `exact` demands equal id sets, `intersect` keeps what all have.
    zero_rows
        Count a row of zeros as bad (it has no direction, so no L2 view).
    failed
        Model → [N] records for which it says itself that it has no vector; they leave all models, and are written down.

    Raises
    ------
    MetricError
        Naming the model, how many records, and the first of them.
    """
    if not embeddings:
        raise MetricError("no embeddings were given", "give at least one model: {'a': array}")
    if on_bad not in ("error", "drop"):
        raise MetricError(f"on_bad={on_bad!r} is neither 'error' nor 'drop'")
    names = tuple(embeddings)
    arrays = {name: as_array(name, value) for name, value in embeddings.items()}
    dropped: dict[str, list[str]] = {}
    if ids is None:
        same_count(arrays)
        kept: tuple[str, ...] | None = None
        rows = {name: np.arange(len(array)) for name, array in arrays.items()}
    else:
        kept, rows, missing = align(arrays, ids, how)
        if missing:
            dropped["not in every model"] = missing
    if failed:
        gone = np.logical_or.reduce([mask[rows[name]] for name, mask in failed.items()])
        labels = [str(i) for i in range(len(gone))] if kept is None else list(kept)
        if gone.any():
            dropped["without a vector in some model"] = [labels[i] for i in np.flatnonzero(gone)]
            rows = {name: where[~gone] for name, where in rows.items()}
            kept = None if kept is None else tuple(i for i, g in zip(kept, gone, strict=True) if not g)
    degenerate = {name: reason for name, array in arrays.items() if (reason := constant(array[rows[name]]))}
    bad = np.zeros(len(rows[names[0]]), dtype=bool)
    for name, array in arrays.items():
        if name not in degenerate:
            bad |= _bad_rows(name, array[rows[name]], kept, on_bad, zero_rows)
    if bad.any():
        labels = [str(i) for i in range(len(bad))] if kept is None else list(kept)
        dropped["not finite or zero in some model"] = [labels[i] for i in np.flatnonzero(bad)]
        kept = None if kept is None else tuple(i for i, b in zip(kept, bad, strict=True) if not b)
    final = tuple(np.ascontiguousarray(arrays[name][rows[name][~bad]]) for name in names)
    for name, array in zip(names, final, strict=True):
        if name not in degenerate and (reason := constant(array)):
            degenerate[name] = reason
    joined = Joined(names, kept, final, dropped, degenerate)
    joined.notes.extend(_variance_notes(joined))
    return joined


def as_array(name: str, value: Any) -> NDArray[np.floating[Any]]:
    """Two-dimensional float32 or float64: half precision is widened, integers become float64."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        value = (value.float() if value.dtype in (torch.bfloat16, torch.float16) else value).numpy()
    array = np.asarray(value)
    if array.ndim != 2 or 0 in array.shape:
        raise MetricError(
            f"model {name!r}: expected embeddings of shape [records, width], got {array.shape}",
            "one row a record; pool per-node vectors first",
        )
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    if array.dtype.kind != "f":
        raise MetricError(f"model {name!r}: embeddings of type {array.dtype} are not numbers")
    return (
        array.astype(np.float32)
        if array.dtype == np.float16
        else array.astype(array.dtype if array.dtype in (np.float32, np.float64) else np.float64, copy=False)
    )


def constant(array: NDArray[np.floating[Any]]) -> str:
    """Why the embedding says nothing: its variance is below (1e-6·rms)²; empty if it does."""
    good = array[np.isfinite(array).all(axis=1)]
    if not len(good):
        return ""
    mean = good.mean(axis=0, dtype=np.float64)
    spread = sum(float(np.square(part - mean).sum()) for part in np.array_split(good, len(good) // 4096 + 1))
    power = sum(float(np.square(part, dtype=np.float64).sum()) for part in np.array_split(good, len(good) // 4096 + 1))
    return "constant embedding" if spread <= 1e-12 * power else ""


def _bad_rows(
    name: str, array: NDArray[np.floating[Any]], ids: tuple[str, ...] | None, on_bad: str, zero_rows: bool
) -> NDArray[np.bool_]:
    finite = np.isfinite(array).all(axis=1)
    zero = ~array.any(axis=1) if zero_rows else np.zeros(len(array), dtype=bool)
    for bad, what in ((~finite, "not finite"), (zero, "all zeros")):
        if bad.any() and on_bad == "error":
            which = [str(i) if ids is None else ids[i] for i in np.flatnonzero(bad)[:5]]
            raise MetricError(
                f"model {name!r}: {int(bad.sum())} records are {what}: {', '.join(which)}"
                f"{' …' if bad.sum() > 5 else ''}",
                "mend them, or leave them out of every model: on_bad='drop'",
            )
    bad_rows: NDArray[np.bool_] = ~finite | zero
    return bad_rows


def _variance_notes(joined: Joined) -> list[str]:
    notes = []
    for name, array in zip(joined.names, joined.arrays, strict=True):
        if name in joined.degenerate or array.shape[1] < 2:
            continue
        share = top_share(array)
        if share > 0.5:
            notes.append(f"{name}: one column has {share:.0%} of the variance and so decides all distances")
    return notes


def top_share(array: NDArray[np.floating[Any]]) -> float:
    """Return the largest share of the total variance that one column has."""
    variance = array.var(axis=0, dtype=np.float64)
    return float(variance.max() / variance.sum()) if variance.sum() > 0 else float("nan")
