"""Honest numbers: nulls, p-values over all pairs, and intervals, on a subsample whose size is stated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats

from matterzoo_harness.metrics.engine import measure
from matterzoo_harness.metrics.errors import MetricError
from matterzoo_harness.metrics.front_door import clipped, pick_devices, strip_height
from matterzoo_harness.metrics.inputs import Joined
from matterzoo_harness.metrics.numerics import full_precision, one_thread
from matterzoo_harness.metrics.presets import MODEL_METRICS, SYMMETRIC, Preset, check
from matterzoo_harness.metrics.result import Comparison, Entry

GROUPS = 10
SMALLER_IS_CLOSER = frozenset({"information_imbalance"})
ZERO_MEAN = frozenset({"cka_linear_unbiased", "cka_rbf_unbiased", "dcor_sqr_unbiased", "rsa"})

Matrices = dict[tuple[str, int | None], NDArray[np.float64]]


def calibrate(
    comparison: Comparison,
    joined: Joined,
    preset: Preset,
    *,
    permutations: int = 99,
    subsample: int = 1000,
    device: str | Sequence[str] = "auto",
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> Comparison:
    """Add nulls, p, q and intervals to every entry of a comparison.

    Parameters
    ----------
    comparison, joined, preset
        The comparison and what it was made of.
    permutations
        P. Every draw permutes the records of every model on its own, so that one sweep is a draw from the null of
        all pairs at once. p = (1 + #{at least as close})/(P + 1); the pairs of one draw are dependent.
    subsample
        Records on which nulls and intervals are computed; the same ones for all.
    device, seed
        As in `compare`.
    progress
        Called with (step, done, all).

    Returns
    -------
    Comparison
        With the statistics `subsample_value`, `null_mean`, `null_sd`, `p`, `q` (Benjamini–Hochberg over the
        pairs of one
        metric), `ci_low`, `ci_high` (95 %, delete-a-group jackknife over ten groups) and, where it is exact at
        the full N, `null_analytic`.
    """
    if permutations < 19:
        raise MetricError(
            f"{permutations} permutations: the smallest possible p is {1 / (permutations + 1):.2f}",
            "give at least 19, better 99",
        )
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(joined.records)[: min(subsample, joined.records)])
    sample = joined.take(rows.astype(np.intp))
    wanted = replace(preset, metrics=tuple(m for m in preset.metrics if m not in MODEL_METRICS))
    healthy = [m for m, name in enumerate(joined.names) if name not in joined.degenerate]
    if len(healthy) < 2 or not wanted.metrics:
        return comparison
    check(wanted, int(len(rows) * (1 - 1 / GROUPS)))
    run = _Runner(sample, wanted, healthy, device, seed)
    observed = run(None)
    null: dict[tuple[str, int | None], list[NDArray[np.float64]]] = {key: [] for key in observed}
    for p in range(permutations):
        for key, value in run([rng.permutation(len(rows)) for _ in healthy]).items():
            null[key].append(value)
        if progress is not None:
            progress("null", p + 1, permutations)
    left_out: dict[tuple[str, int | None], list[NDArray[np.float64]]] = {key: [] for key in observed}
    for g, group in enumerate(np.array_split(rng.permutation(len(rows)), GROUPS)):
        kept = np.setdiff1d(np.arange(len(rows)), group)
        for key, value in run([kept] * len(healthy)).items():
            left_out[key].append(value)
        if progress is not None:
            progress("intervals", g + 1, GROUPS)
    entries = []
    for entry in comparison.entries:
        key = (entry.metric, entry.k)
        found = {
            "subsample_value": observed[key],
            **_null(entry.metric, observed[key], np.stack(null[key])),
            **_interval(observed[key], np.stack(left_out[key])),
        }
        size = len(joined.names)
        spread = {name: _spread(value, healthy, size) for name, value in found.items()}
        spread |= _analytic(entry, joined.records)
        entries.append(replace(entry, statistics={**entry.statistics, **spread}))
    calibration = {
        "records": len(rows),
        "seed": seed,
        "permutations": permutations,
        "smallest_p": 1 / (permutations + 1),
        "null": "records of every model permuted independently; one draw serves all pairs, which are dependent",
        "p": "(1 + #{null at least as close})/(P + 1)",
        "q": "Benjamini–Hochberg over the pairs of one metric",
        "interval": f"95 %, delete-a-group jackknife, {GROUPS} groups, t({GROUPS - 1}), for the value on the subsample",
    }
    return replace(comparison, entries=entries, provenance={**comparison.provenance, "calibration": calibration})


class _Runner:
    """All pairs on rows of the subsample, each model with rows of its own."""

    def __init__(
        self, sample: Joined, preset: Preset, healthy: list[int], device: str | Sequence[str], seed: int
    ) -> None:
        self.place, self.preset, self.seed = pick_devices(device)[0], preset, seed
        self.sources = [torch.from_numpy(clipped(sample.arrays[m], preset.clip)).to(self.place) for m in healthy]

    def __call__(self, rows: list[NDArray[np.intp]] | None) -> Matrices:
        with full_precision(), one_thread(), torch.inference_mode():
            sources = self.sources
            if rows is not None:
                index = [torch.from_numpy(r).to(self.place) for r in rows]
                sources = [source[i] for source, i in zip(sources, index, strict=True)]
            height = strip_height(len(sources), len(sources[0]), self.preset.precision, self.place)
            order = torch.from_numpy(np.random.default_rng(self.seed).permutation(len(sources[0])))
            found = measure(sources, self.preset, order, height)
        return {(metric, k): values for metric, k, _, _, values in found.pairs}


def _null(metric: str, observed: NDArray[np.float64], draws: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    off = ~np.eye(len(observed), dtype=bool)
    closer = draws <= observed if metric in SMALLER_IS_CLOSER else draws >= observed
    p = np.where(off & ~np.isnan(observed), (1 + closer.sum(0)) / (len(draws) + 1), np.nan)
    if metric in SYMMETRIC or np.allclose(observed, observed.T, equal_nan=True):
        pairs = np.triu(off)
        q = np.full_like(p, np.nan)
        q[pairs] = benjamini_hochberg(p[pairs])
        q.T[pairs] = q[pairs]
    else:
        q = np.full_like(p, np.nan)
        q[off] = benjamini_hochberg(p[off])
    blank = np.where(off, 0.0, np.nan)
    return {"null_mean": draws.mean(0) + blank, "null_sd": draws.std(0, ddof=1) + blank, "p": p, "q": q}


def benjamini_hochberg(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the p-values adjusted for the false discovery rate; NaN stays and does not count."""
    q = np.full_like(p, np.nan)
    valid = ~np.isnan(p)
    if valid.any():
        q[valid] = stats.false_discovery_control(p[valid])
    return q


def _interval(observed: NDArray[np.float64], left_out: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    groups = len(left_out)
    error = np.sqrt((groups - 1) / groups * np.square(left_out - left_out.mean(0)).sum(0))
    half = stats.t.ppf(0.975, groups - 1) * error
    return {"ci_low": observed - half, "ci_high": observed + half}


def _analytic(entry: Entry, records: int) -> dict[str, NDArray[np.float64]]:
    """Return the exact mean under independence at the full N, where there is one."""
    value = None
    if entry.metric == "mutual_knn" and entry.k is not None:
        value = entry.k / (records - 1)
    elif entry.metric == "information_imbalance":
        value = 1.0
    elif entry.metric in ZERO_MEAN:
        value = 0.0
    if value is None:
        return {}
    full = np.where(np.isnan(entry.values), np.nan, value)
    np.fill_diagonal(full, np.nan)
    return {"null_analytic": full}


def _spread(values: NDArray[np.float64], healthy: list[int], size: int) -> NDArray[np.float64]:
    full = np.full((size, size), np.nan)
    full[np.ix_(healthy, healthy)] = values
    return full
