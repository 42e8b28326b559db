"""Metric against metric: whether they tell the same story."""

from __future__ import annotations

import plotly.graph_objects as go
from scipy.stats import spearmanr

from matterzoo_harness.metrics.result import Comparison, Entry
from matterzoo_harness.report.figures.common import closeness, figure, headline, known, main_entries, number, pairs
from matterzoo_harness.report.names import title_of
from matterzoo_harness.report.picture import Panel, Picture, Table
from matterzoo_harness.report.results import Results


def metrics_compared(results: Results) -> Panel:
    """Return every metric against the headline one, of each data set."""
    pictures: dict[str, dict[str, Picture]] = {}
    for each in results.compared:
        comparison = each.comparison
        first = None if comparison is None else headline(comparison)
        if comparison is None or first is None:
            continue
        found = {
            f"{title_of(e.metric, e.k)}": _against(comparison, first, e)
            for e in main_entries(comparison)
            if e.metric != first.metric
        }
        if found:
            pictures[each.data.name] = found
    return Panel(
        "metrics",
        "Metric against metric",
        "Whether two measures of alikeness rank the pairs alike.",
        "One mark a pair of models. Local metrics count shared neighbours, global ones compare all distances.",
        pictures,
        "against",
    )


def _against(comparison: Comparison, first: Entry, second: Entry) -> Picture:
    names = comparison.names
    sign = -1 if second.metric == "information_imbalance" else 1
    here, there = closeness(first), sign * closeness(second)
    table: Table = [
        {"a": names[i], "b": names[j], first.key: known(here[i, j]), second.key: known(there[i, j])}
        for i, j in pairs(names)
    ]
    drawn = [row for row in table if row[first.key] is not None and row[second.key] is not None]
    if not drawn:
        return Picture.nothing("no pair has both numbers")
    x, y = [[row[key] for row in drawn] for key in (first.key, second.key)]
    points = go.Scatter(
        x=x, y=y, mode="markers", marker={"size": 9, "color": "#4477dd", "opacity": 0.75},
        hovertext=[
            f"<b>{row['a']} · {row['b']}</b><br>{title_of(first.metric, first.k)} {number(row[first.key], 4)}<br>"
            f"{title_of(second.metric, second.k)} {number(row[second.key], 4)}"
            for row in drawn
        ],
        hovertemplate="%{hovertext}<extra></extra>", showlegend=False,
    )  # fmt: skip
    made = figure(
        points,
        xaxis={"title": title_of(first.metric, first.k)},
        yaxis={"title": title_of(second.metric, second.k)},
    )
    note = ""
    if len(drawn) > 2:
        note = f"Spearman's ρ over {len(drawn)} pairs: {float(spearmanr(x, y).statistic):.2f}."
    return Picture(made, table, note)
