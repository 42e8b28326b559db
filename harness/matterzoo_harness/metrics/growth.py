"""Alignment against N: whether it survives as the sample grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matterzoo_harness.metrics.comparing import Progress, compare_joined
from matterzoo_harness.metrics.errors import MetricError
from matterzoo_harness.metrics.inputs import Joined
from matterzoo_harness.metrics.presets import LINEAR, Preset
from matterzoo_harness.metrics.result import Comparison


@dataclass(frozen=True)
class Growth:
    """The same comparison on nested subsamples, smallest first; the last one is all records."""

    sizes: tuple[int, ...]
    comparisons: tuple[Comparison, ...]

    def __getitem__(self, metric: str) -> NDArray[np.float64]:
        """[sizes, M, M] of `metric` or `metric@k`."""
        return np.stack([each[metric] for each in self.comparisons])


def against_n(
    joined: Joined,
    preset: Preset,
    sizes: Sequence[int] | None = None,
    *,
    device: str | Sequence[str] = "auto",
    seed: int = 0,
    progress: Progress | None = None,
    full: Comparison | None = None,
) -> Growth:
    """Compare nested subsamples.

    Subsamples are spared the maps between models (`procrustes`, `linear_predictivity`): those cost d³ at any N, so that
    five sizes would cost five times as much as one.

    Parameters
    ----------
    joined, preset
        As for `compare_joined`.
    sizes
        Increasing, each at most N; None halves N four times. With halves, all sweeps together cost a third more than
        the last one once N is large, because a sweep grows with N².
    seed
        Of the one permutation whose beginnings the subsamples are.
    full
        The comparison of all records, if it is there already.
    """
    total = joined.records
    counts = (
        tuple(sizes)
        if sizes is not None
        else tuple(n for n in (total // 16, total // 8, total // 4, total // 2) if n >= 50)
    )
    if list(counts) != sorted(set(counts)) or (counts and counts[-1] > total):
        raise MetricError(f"sizes {list(counts)} are not increasing and at most {total}")
    order = np.random.default_rng(seed).permutation(total)
    swept = preset.with_(metrics=tuple(m for m in preset.metrics if m not in LINEAR))
    parts = [
        compare_joined(joined.take(np.sort(order[:n])), swept, device=device, seed=seed, progress=progress)
        for n in counts
        if n < total
    ]
    parts.append(full or compare_joined(joined, preset, device=device, seed=seed, progress=progress))
    return Growth((*[n for n in counts if n < total], total), tuple(parts))
