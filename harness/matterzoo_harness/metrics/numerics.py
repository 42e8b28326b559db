"""Arithmetic shared by all estimators: precision, chunked sums, partial selection."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np
import torch
from torch import Tensor

P = ParamSpec("P")
R = TypeVar("R")

CHUNK = 4096
"""Longest run that is summed in the tile's own precision before a float64 accumulator takes over.

At 4096 terms the float32 error of a mean-shifted moment stays below 1e-7 of its size; at 65,536 it is fifty times that.
"""


@dataclass(frozen=True)
class Precision:
    """The arithmetic of the tiles. Everything after a tile is float64."""

    name: str
    dtype: torch.dtype
    unit: float
    """Unit roundoff."""

    def bound(self, width: int) -> float:
        """Relative error of a squared distance from a tile, as a factor of |x_i|² + |x_j|².

        A dot product of `width` terms in blocked arithmetic errs by a few units, growing at most like √width on
        random signs. The largest factor seen on independent, shared-latent and clustered data with 8 to 2048
        columns was 9 units; 24 + √width leaves a factor three. It is statistical and not a proof: what it decides
        is which rows are recomputed directly, and how many were is reported.
        """
        return float((24.0 + width**0.5) * self.unit)


PRECISIONS = {
    "float32": Precision("float32", torch.float32, 2.0**-24),
    "float64": Precision("float64", torch.float64, 2.0**-53),
}


@contextmanager
def full_precision() -> Iterator[None]:
    """Forbid reduced-precision matrix products inside the block, and give the caller's setting back."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def fused(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of tensors into one kernel when it is first called; where that fails, run it as it is.

    The numbers are the same; a machine without a compiler is slower, and that is said once.
    """
    chosen: list[Callable[P, R]] = []
    first = threading.Lock()  # several GPUs are several threads, and one compilation

    @wraps(function)
    def call(*arguments: P.args, **named: P.kwargs) -> R:
        if not chosen:
            with first:
                if not chosen:
                    chosen.append(_compiled(function, *arguments, **named))
        return chosen[0](*arguments, **named)

    return call


def _compiled(function: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> Callable[P, R]:
    compiled: Callable[P, R] = torch.compile(function, dynamic=True)
    try:
        compiled(*arguments, **named)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # noqa: BLE001 (no compiler, no Triton, a GPU too new for it: each raises its own)
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        warnings.warn(f"{function.__name__} runs unfused, which is slower: {reason}", RuntimeWarning, stacklevel=3)
        return function
    return compiled


def pieces(values: Tensor, rows: int) -> list[Tensor]:
    """Cut along the first axis into views of at most `rows` rows."""
    return [values[start : start + rows] for start in range(0, len(values), rows)]


def scratch(device: torch.device) -> int:
    """Return how many float64 numbers a direct recomputation handles at once: a core's cache, or enough for a GPU."""
    return 1 << 18 if device.type == "cpu" else 1 << 26


@contextmanager
def one_thread() -> Iterator[None]:
    """Run many small problems on one thread: on several they wait for each other more than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def outer_sums(values: Tensor) -> Tensor:
    """Return sums of products of all pairs of channels.

    Parameters
    ----------
    values
        [M, L] contiguous.

    Returns
    -------
    Tensor
        [M, M] float64: Σ_l v_al v_bl, in chunks of `CHUNK` whose partial sums are added in float64.
    """
    models, length = values.shape
    whole = length // CHUNK * CHUNK
    total = torch.zeros(models, models, dtype=torch.float64, device=values.device)
    if whole:
        blocks = values[:, :whole].view(models, -1, CHUNK).transpose(0, 1)
        total += torch.bmm(blocks, blocks.transpose(1, 2)).sum(0, dtype=torch.float64)
    if whole < length:
        rest = values[:, whole:]
        total += (rest @ rest.T).double()
    return total


def row_sums(values: Tensor) -> Tensor:
    """Sum over the last axis, chunked as in `outer_sums`; float64."""
    total = torch.zeros(values.shape[:-1], dtype=torch.float64, device=values.device)
    for start in range(0, values.shape[-1], CHUNK):
        total += values[..., start : start + CHUNK].sum(-1)
    return total


def smallest(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the `count` smallest of every row, in no particular order.

    Columns are put into groups; the `count` groups with the smallest minima hold the `count` smallest values, since
    each of those groups brings one value that is at most the minimum of any other group. So a vectorised minimum
    replaces most of the selection, and only about 2·√(count·N) values a row are selected from.

    Parameters
    ----------
    values
        [b, N].
    count
        At most N.

    Returns
    -------
    tuple of Tensor
        Values [b, count] and their columns [b, count].
    """
    rows, columns = values.shape
    width = int((columns / count) ** 0.5)
    if width < 4 or columns < 512:
        found = _lowest(values, count)
        return values.gather(1, found), found
    groups = columns // width
    minima = values[:, : groups * width].view(rows, width, groups).amin(1)
    picked = _members(_lowest(minima, count), groups, width, columns)
    chosen = picked.gather(1, _lowest(values.gather(1, picked), count))
    return values.gather(1, chosen), chosen


def smallest_sums(left: Tensor, right: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the `count` smallest of every row of `left` [b, N] + `right` [G, b, N], as `smallest` does; [G, b, count].

    No sum is written down: a fused kernel leaves the minima of groups, and only what they pick is added again.
    """
    others, rows, columns = right.shape
    width = max(1, int((columns / count) ** 0.5))
    groups = columns // width
    minima = _minima_of_sums(left, right, width, groups)
    picked = _members(_lowest(minima.flatten(0, 1), count), groups, width, columns).view(others, rows, -1)
    sums = left.expand(others, -1, -1).gather(2, picked) + right.gather(2, picked)
    best = _lowest(sums.flatten(0, 1), count).view(others, rows, count)
    return sums.gather(2, best), picked.gather(2, best)


@fused
def _minima_of_sums(left: Tensor, right: Tensor, width: int, groups: int) -> Tensor:
    sums = (left + right)[:, :, : width * groups]
    return sums.reshape(len(right), len(left), width, groups).amin(2)


def _members(best: Tensor, groups: int, width: int, columns: int) -> Tensor:
    """Columns of the groups `best` [b, count], every `groups`-th from the group's number on, and those in no group."""
    offsets = torch.arange(0, groups * width, groups, device=best.device)
    members = (best[:, None, :] + offsets[None, :, None]).reshape(len(best), -1)
    if groups * width == columns:
        return members
    tail = torch.arange(groups * width, columns, device=best.device).expand(len(best), -1)
    return torch.cat([members, tail], dim=1)


def _lowest(values: Tensor, count: int) -> Tensor:
    """Columns of the `count` smallest of every row, in no particular order."""
    if values.device.type == "cpu" and values.shape[1] < 1024:  # numpy's vectorised selection; beyond, torch is faster
        return torch.from_numpy(np.argpartition(values.numpy(), count - 1, axis=1)[:, :count])
    return values.topk(count, dim=1, largest=False, sorted=False).indices


def ordered(values: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """Sort every row by value, equal values by column."""
    columns, by_column = columns.sort(dim=1)
    values, by_value = values.gather(1, by_column).sort(dim=1, stable=True)
    return values, columns.gather(1, by_value)
