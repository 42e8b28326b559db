"""Every pair beside what chance gives: value, interval, null."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go

from matterzoo_harness.metrics.result import Comparison, Entry
from matterzoo_harness.report.figures.common import (
    by_metric,
    closeness,
    figure,
    hover_of,
    number,
    pair_row,
    pair_table,
    pairs,
)
from matterzoo_harness.report.names import title_of
from matterzoo_harness.report.picture import Panel, Picture
from matterzoo_harness.report.results import Results

SHOWN = 60
"""Pairs drawn; the table has all of them."""


def nulls(results: Results) -> Panel:
    """Return every pair's number beside its null and its interval, of each data set, by metric."""
    return Panel(
        "nulls",
        "More than chance",
        "How far each pair stands from what unrelated vectors of the same shape would give.",
        "Filled: the value, with its 95 % interval. Grey bar: the null, mean and two standard deviations either way. A "
        "pair whose interval touches the grey has nothing to show. Both are of the subsample.",
        by_metric(results, _nulls),
        "metric",
    )


def _nulls(comparison: Comparison, entry: Entry) -> Picture:
    names = comparison.names
    near = closeness(replace(entry, values=entry.statistics.get("subsample_value", entry.values)))
    directed = entry.metric == "information_imbalance"
    order = sorted(pairs(names, directed), key=lambda pair: -_or_low(float(near[pair])))
    table = pair_table(comparison, entry)
    if "null_mean" not in entry.statistics:
        return Picture(None, table, empty="nulls and intervals were not computed in this study for this metric")
    chosen = _evenly(order, SHOWN)
    labels = [f"{names[i]} {'→' if directed else '·'} {names[j]}" for i, j in chosen]
    rows = [pair_row(entry, names, i, j) for i, j in chosen]
    shown = [(label, row) for label, row in zip(labels, rows, strict=True) if row["value"] is not None]
    if not shown:
        return Picture(None, table, empty="no pair has a number")
    labels = [label for label, _ in shown]
    rows = [row for _, row in shown]
    hover = [hover_of(entry, names, i, j) for i, j in chosen if math.isfinite(entry.values[i, j])]
    drawn = [_first(row) for row in rows]
    traces = [
        go.Bar(
            x=[4 * (row["null_sd"] or 0) for row in rows], y=labels, orientation="h", width=0.9, name="null ± 2 sd",
            base=[(row["null_mean"] or 0) - 2 * (row["null_sd"] or 0) for row in rows], hoverinfo="skip",
            marker={"color": "rgba(140,146,153,.45)", "line": {"width": 0}},
        ),
        go.Scatter(
            x=drawn, y=labels, mode="markers", name="value", marker={"size": 9, "color": "#4477dd"}, hovertext=hover,
            hovertemplate="%{hovertext}<extra></extra>",
            error_x={
                "type": "data", "symmetric": False, "thickness": 1.2, "width": 0, "color": "#4477dd",
                "array": [_above(row["ci_high"], x) for row, x in zip(rows, drawn, strict=True)],
                "arrayminus": [_above(x, row["ci_low"]) for row, x in zip(rows, drawn, strict=True)],
            },
        ),
    ]  # fmt: skip
    made = figure(
        *traces,
        height=max(320, 120 + 20 * len(labels)),
        xaxis={"title": title_of(entry.metric, entry.k), "zeroline": True, "side": "bottom"},
        yaxis={"automargin": True, "range": [len(labels) - 0.3, -0.7], "ticks": "", "tickfont": {"size": 11}},
        margin={"l": 20, "r": 24, "t": 16, "b": 56},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"},
        barmode="overlay",
    )
    calibration = comparison.provenance.get("calibration", {})
    note = (
        f"{calibration.get('permutations')} permutations and a jackknife on {calibration.get('records')} records; "
        f"smallest possible p {number(calibration.get('smallest_p'))}."
    )
    if len(chosen) < len(order):
        note += f" {len(chosen)} of {len(order)} pairs drawn, evenly from alike to unlike; the table has all."
    return Picture(made, table, note)


def _first(row: dict[str, Any]) -> float:
    """Return the value on the subsample, where null and interval are; else the value itself."""
    sub = row.get("subsample_value")
    return float(row["value"] if sub is None else sub)


def _above(high: float | None, low: float | None) -> float:
    return 0.0 if high is None or low is None else max(0.0, high - low)


def _or_low(value: float) -> float:
    return value if math.isfinite(value) else float("-inf")


def _evenly(order: list[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    if len(order) <= most:
        return order
    return [order[round(n * (len(order) - 1) / (most - 1))] for n in range(most)]
