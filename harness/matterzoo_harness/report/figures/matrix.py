"""Alignment matrices: every pair, ordered so that close models stand together."""

from __future__ import annotations

from functools import partial

import numpy as np
import plotly.graph_objects as go

from matterzoo_harness.metrics.result import Comparison, Entry
from matterzoo_harness.report.figures.common import (
    Floats,
    by_metric,
    closeness,
    clustered,
    fact_of,
    figure,
    hover_of,
    known,
    pair_table,
)
from matterzoo_harness.report.names import key_title, title_of
from matterzoo_harness.report.picture import Panel, Picture, Table
from matterzoo_harness.report.results import Results


def full(results: Results) -> Panel:
    """Return the full matrix of each data set and metric, baselines included."""
    return Panel(
        "matrix",
        "Who sees the same",
        "How alike every two models arrange the same records.",
        "Rows and columns are models, ordered so that alike ones are neighbours; untrained maps and noise are among "
        "them. Information imbalance is read from row to column, and small is alike.",
        by_metric(results, _full),
        "metric",
    )


def condensed(results: Results) -> Panel:
    """Return the matrix of groups of each data set and metric: means over the pairs of different models."""
    return Panel(
        "condensed",
        "The same, by group",
        "Whether architectures agree among themselves more than with others.",
        "Each cell is the mean over all pairs of different models of its two groups; a group of one has no diagonal.",
        by_metric(results, partial(_condensed, results)),
        "metric",
    )


def _full(comparison: Comparison, entry: Entry) -> Picture:
    order = clustered(closeness(entry))
    names = [comparison.names[i] for i in order]
    values = entry.values[np.ix_(order, order)]
    hover = [[hover_of(entry, comparison.names, i, j) for j in order] for i in order]
    return Picture(_heatmap(values, names, hover, title_of(entry.metric, entry.k)), pair_table(comparison, entry))


def _condensed(results: Results, comparison: Comparison, entry: Entry) -> Picture:
    groups: dict[str, list[int]] = {}
    for i, name in enumerate(comparison.names):
        groups.setdefault(fact_of(results, name).group, []).append(i)
    names = list(groups)
    size = len(names)
    means, counts = np.full((size, size), np.nan), np.zeros((size, size), int)
    for a, one in enumerate(groups.values()):
        for b, other in enumerate(groups.values()):
            found = [entry.values[i, j] for i in one for j in other if i != j and np.isfinite(entry.values[i, j])]
            counts[a, b] = len(found)
            if found:
                means[a, b] = float(np.mean(found))
    near = -means if entry.metric == "information_imbalance" else means
    order = clustered((near + near.T) / 2)
    table: Table = [
        {"metric": entry.metric, "k": entry.k, "a": names[i], "b": names[j], "value": known(means[i, j]),
         "pairs": int(counts[i, j])}
        for i in order
        for j in order
    ]  # fmt: skip
    hover = [
        [f"<b>{names[i]} · {names[j]}</b><br>mean of {counts[i, j]} pairs: {means[i, j]:.4f}" for j in order]
        for i in order
    ]
    shown = [names[i] for i in order]
    return Picture(_heatmap(means[np.ix_(order, order)], shown, hover, key_title(entry.key)), table)


def _heatmap(values: Floats, names: list[str], hover: list[list[str]], title: str) -> go.Figure:
    rounded = [[known(round(float(value), 5)) for value in row] for row in values]
    size = len(names)
    digits = [["" if v is None else f"{v:.2f}" for v in row] for row in rounded]
    trace = go.Heatmap(
        z=rounded,
        x=names,
        y=names,
        text=digits if size <= 16 else None,
        texttemplate="%{text}" if size <= 16 else None,
        hovertext=hover,
        hovertemplate="%{hovertext}<extra></extra>",
        coloraxis="coloraxis",
        xgap=1,
        ygap=1,
    )
    low = min(0.0, float(np.nanmin(values))) if np.isfinite(values).any() else 0.0
    return figure(
        trace,
        height=max(360, min(1400, 190 + 30 * size if size <= 24 else 240 + 18 * size)),
        coloraxis={"cmin": low, "cmax": 1, "colorbar": {"title": {"text": title, "side": "right"}, "thickness": 12}},
        xaxis={"tickangle": -50, "automargin": True, "showgrid": False, "ticks": "", "constrain": "domain"},
        yaxis={"autorange": "reversed", "automargin": True, "showgrid": False, "ticks": ""},
        margin={"l": 20, "r": 20, "t": 16, "b": 20},
    )
