"""Honest numbers: nulls, p-values over all pairs, and intervals, on a subsample whose size is stated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from matterzoo_harness.metrics.comparing import clipped
from matterzoo_harness.metrics.devices import pick_devices, strip_height
from matterzoo_harness.metrics.engine import measure
from matterzoo_harness.metrics.errors import MetricError
from matterzoo_harness.metrics.inputs import Joined
from matterzoo_harness.metrics.numerics import full_precision, one_thread
from matterzoo_harness.metrics.presets import MODEL_METRICS, SYMMETRIC, Preset, check
from matterzoo_harness.metrics.result import Comparison, Entry

GROUPS = 10
SMALLER_IS_CLOSER = frozenset({"information_imbalance"})
ZERO_MEAN = frozenset({"cka_linear_unbiased", "cka_rbf_unbiased", "dcor_sqr_unbiased", "rsa"})

Numbers = dict[tuple[str, int | None], NDArray[np.float64]]
"""(metric, k) → [M, M], and (dimension, None) → [M]."""


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
        all pairs at once. p = (1 + #{at least as close})/(P + 1); the pairs of one draw are dependent. For intrinsic
        dimensions it permutes every column instead, and p counts draws of no higher dimension.
    subsample
        Records on which nulls and intervals are computed; the same ones for all.
    device, seed
        As in `compare`.
    progress
        Called with (step, done, all).

    Returns
    -------
    Comparison
        With the statistics `subsample_value`, `null_mean`, `null_sd`, `p`, `q` (Benjamini–Hochberg over the pairs of
        one metric), `ci_low`, `ci_high` (95 %, delete-a-group jackknife over ten groups) and, where it is exact at
        the full N, `null_analytic`; in `models` the same of every dimension, as `id_twonn/p` and so on.
    """
    if permutations < 19:
        raise MetricError(
            f"{permutations} permutations: the smallest possible p is {1 / (permutations + 1):.2f}",
            "give at least 19, better 99",
        )
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(joined.records)[: min(subsample, joined.records)])
    healthy = [m for m, name in enumerate(joined.names) if name not in joined.degenerate]
    if not healthy:
        return comparison
    check(preset, int(len(rows) * (1 - 1 / GROUPS)))
    run = Draw(joined.take(rows.astype(np.intp)), preset, healthy, device, seed)
    observed = run()
    null: list[Numbers] = []
    for p in range(permutations):
        null.append({**run.records_apart(rng), **run.columns_apart(rng)})
        if progress is not None:
            progress("null", p + 1, permutations)
    left_out: list[Numbers] = []
    for g, group in enumerate(np.array_split(rng.permutation(len(rows)), GROUPS)):
        left_out.append(run([np.setdiff1d(np.arange(len(rows)), group)] * len(healthy)))
        if progress is not None:
            progress("intervals", g + 1, GROUPS)
    size = len(joined.names)
    entries = []
    for entry in comparison.entries:
        found = _statistics((entry.metric, entry.k), observed, null, left_out)
        spread = {name: _spread(value, healthy, size) for name, value in found.items()}
        entries.append(replace(entry, statistics={**entry.statistics, **spread, **_analytic(entry, joined.records)}))
    models = dict(comparison.models)
    for key, value in observed.items():
        if value.ndim == 1:
            found = _statistics(key, observed, null, left_out)
            models |= {f"{key[0]}/{name}": _spread(each, healthy, size) for name, each in found.items()}
    calibration = {
        "records": len(rows),
        "seed": seed,
        "permutations": permutations,
        "smallest_p": 1 / (permutations + 1),
        "null": "records of every model permuted independently; one draw serves all pairs, which are dependent",
        "null of dimensions": "columns of every model permuted independently: the same values, unrelated",
        "p": "(1 + #{null at least as close, or of no higher dimension})/(P + 1)",
        "q": "Benjamini–Hochberg over the pairs of one metric, or over the models",
        "interval": f"95 %, delete-a-group jackknife, {GROUPS} groups, t({GROUPS - 1}), for the value on the subsample",
    }
    provenance = {**comparison.provenance, "calibration": calibration}
    return replace(comparison, entries=entries, models=models, provenance=provenance)


class Draw:
    """All numbers of the healthy models on the subsample: as it is, on fewer rows, or with its relations broken."""

    def __init__(
        self, sample: Joined, preset: Preset, healthy: list[int], device: str | Sequence[str], seed: int
    ) -> None:
        self.place, self.preset, self.seed = pick_devices(device)[0], preset, seed
        self.sources = [torch.from_numpy(clipped(sample.arrays[m], preset.clip)).to(self.place) for m in healthy]

    def __call__(self, rows: Sequence[NDArray[np.intp]] | None = None) -> Numbers:
        """Measure everything, each model on rows of its own."""
        return self._measure(self.preset, self.sources if rows is None else self._picked(rows))

    def records_apart(self, rng: np.random.Generator) -> Numbers:
        """Permute the records of every model on its own: no pair has anything in common. [M, M] each."""
        preset = _only(self.preset, models=False)
        rows = [rng.permutation(len(source)) for source in self.sources]
        return self._measure(preset, self._picked(rows)) if preset.metrics else {}

    def columns_apart(self, rng: np.random.Generator) -> Numbers:
        """Permute every column of every model on its own: no column has anything to do with another. [M] each."""
        preset = _only(self.preset, models=True)
        if not preset.metrics:
            return {}
        orders = [rng.random(source.shape, dtype=np.float32).argsort(axis=0) for source in self.sources]
        mixed = [
            source.gather(0, torch.from_numpy(order).to(self.place))
            for source, order in zip(self.sources, orders, strict=True)
        ]
        return self._measure(preset, mixed)

    def _picked(self, rows: Sequence[NDArray[np.intp]]) -> list[Tensor]:
        index = [torch.from_numpy(r).to(self.place) for r in rows]
        return [source[i] for source, i in zip(self.sources, index, strict=True)]

    def _measure(self, preset: Preset, sources: Sequence[Tensor]) -> Numbers:
        height = strip_height(len(sources), len(sources[0]), preset.precision, self.place)
        order = torch.from_numpy(np.random.default_rng(self.seed).permutation(len(sources[0])))
        with full_precision(), one_thread(), torch.inference_mode():
            found = measure(sources, preset, order, height)
        numbers: Numbers = {(metric, k): values for metric, k, _, _, values in found.pairs}
        dimensions = {key: v for key, v in found.models.items() if key.startswith("id_") and "/" not in key}
        return numbers | {(key, None): value for key, value in dimensions.items()}


def _only(preset: Preset, *, models: bool) -> Preset:
    return replace(preset, metrics=tuple(m for m in preset.metrics if (m in MODEL_METRICS) == models))


def _statistics(
    key: tuple[str, int | None], observed: Numbers, null: list[Numbers], left_out: list[Numbers]
) -> dict[str, NDArray[np.float64]]:
    value, draws = observed[key], np.stack([draw[key] for draw in null])
    smaller = key[0] in SMALLER_IS_CLOSER or value.ndim == 1
    closer = (draws <= value if smaller else draws >= value).sum(0)
    off = np.ones(len(value), bool) if value.ndim == 1 else ~np.eye(len(value), dtype=bool)
    p = np.where(off & ~np.isnan(value), (1 + closer) / (len(draws) + 1), np.nan)
    blank = np.where(off, 0.0, np.nan)
    return {
        "subsample_value": value,
        "null_mean": draws.mean(0) + blank,
        "null_sd": draws.std(0, ddof=1) + blank,
        "p": p,
        "q": _adjusted(key[0], value, p),
        **_interval(value, np.stack([each[key] for each in left_out])),
    }


def _adjusted(metric: str, value: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust over the models, over unordered pairs where both orders are one test, or over ordered ones."""
    if p.ndim == 1:
        return benjamini_hochberg(p)
    once = metric in SYMMETRIC or np.allclose(value, value.T, equal_nan=True)
    tests = np.triu(np.ones_like(p, dtype=bool), 1) if once else ~np.eye(len(p), dtype=bool)
    q = np.full_like(p, np.nan)
    q[tests] = benjamini_hochberg(p[tests])
    if once:
        q.T[tests] = q[tests]
    return q


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
    full = np.full((size,) * values.ndim, np.nan)
    full[np.ix_(*[healthy] * values.ndim)] = values
    return full
