"""Intrinsic dimensions: how many numbers a model's vectors really vary in."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from matterzoo_harness.report.figures.common import fact_of, figure, group_marks, known, number
from matterzoo_harness.report.names import title_of
from matterzoo_harness.report.picture import Panel, Picture
from matterzoo_harness.report.results import DataResults, Results

METRICS = ("id_mle", "id_twonn")


def dimension(results: Results) -> Panel:
    """Return the dimensions of each data set, by estimator."""
    pictures = {}
    for each in results.data:
        if each.comparison is None:
            continue
        found = {title_of(name): _dimension(results, each, name) for name in METRICS if name in each.comparison}
        if found:
            pictures[each.data.name] = found
    return Panel(
        "dimension",
        "How many directions",
        "The intrinsic dimension of each model's vectors.",
        "The mark is the dimension on all records, the violin its spread over random halves, the line its 95 % "
        "interval on the subsample. The hollow mark is the same model with its columns shuffled apart: a dimension as "
        "high as that means that they are unrelated.",
        pictures,
        "estimator",
    )


def _dimension(results: Results, data: DataResults, metric: str) -> Picture:
    comparison = data.comparison
    if comparison is None:
        return Picture.nothing(data.problem)
    values = comparison[metric]
    order = [int(i) for i in np.argsort(np.where(np.isfinite(values), values, np.inf), kind="stable")]
    order = [i for i in order if np.isfinite(values[i])]
    if not order:
        return Picture.nothing("no model has an intrinsic dimension here")
    marks, traces, table = group_marks(results), [], []
    spread: dict[str, list[dict[str, Any]]] = {}
    for row in data.spread:
        if row["metric"] == metric and row["value"] is not None and np.isfinite(row["value"]):
            spread.setdefault(row["model"], []).append(row)
    for i in order:
        name = comparison.names[i]
        colour, _ = marks.get(fact_of(results, name).group, ("#888", "circle"))
        halves = [float(row["value"]) for row in spread.get(name, [])]
        if len(halves) > 1:
            traces.append(
                go.Violin(
                    x=halves, y=[name] * len(halves), orientation="h", line={"color": colour, "width": 1}, width=0.8,
                    points=False, showlegend=False, hoverinfo="skip", spanmode="soft",
                )
            )  # fmt: skip
        table.append(_row(data, metric, i, halves))
    traces += _marks(results, table)
    made = figure(
        *traces,
        height=max(320, 120 + 26 * len(order)),
        xaxis={"title": f"intrinsic dimension ({title_of(metric)})", "rangemode": "tozero"},
        yaxis={"automargin": True, "autorange": "reversed", "ticks": ""},
        margin={"l": 20, "r": 24, "t": 16, "b": 56},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"},
    )
    halves_of = next(iter(spread.values()), [])
    note = f"{len(halves_of)} random halves of {halves_of[0]['records']:,} records each." if halves_of else ""
    return Picture(made, table, note)


def _row(data: DataResults, metric: str, i: int, halves: list[float]) -> dict[str, Any]:
    comparison = data.comparison
    if comparison is None:
        return {}
    row: dict[str, Any] = {"model": comparison.names[i], "metric": metric, "value": known(comparison[metric][i])}
    for name in ("ci_low", "ci_high", "null_mean", "p", "q"):
        if f"{metric}/{name}" in comparison.models:
            row[name] = known(comparison.models[f"{metric}/{name}"][i])
    return {**row, **{f"half_{n}": value for n, value in enumerate(halves)}}


def _marks(results: Results, table: list[dict[str, Any]]) -> list[go.Scatter]:
    marks = group_marks(results)
    names = [row["model"] for row in table]
    colours = [marks.get(fact_of(results, name).group, ("#888", "circle"))[0] for name in names]
    hover = [
        f"<b>{row['model']}</b><br>{number(row['value'], 2)}"
        + (f", 95 % [{number(row['ci_low'], 2)}, {number(row['ci_high'], 2)}]" if "ci_low" in row else "")
        + (f"<br>columns unrelated: {number(row['null_mean'], 2)}" if "null_mean" in row else "")
        for row in table
    ]
    error = None
    if table and "ci_low" in table[0]:
        error = {
            "type": "data", "symmetric": False, "thickness": 1, "width": 3, "color": "#888",
            "array": [max(0.0, (row["ci_high"] or row["value"]) - row["value"]) for row in table],
            "arrayminus": [max(0.0, row["value"] - (row["ci_low"] or row["value"])) for row in table],
        }  # fmt: skip
    traces = [
        go.Scatter(
            x=[row["value"] for row in table], y=names, mode="markers", marker={"size": 10, "color": colours},
            error_x=error, hovertext=hover, hovertemplate="%{hovertext}<extra></extra>", name="all records",
        )
    ]  # fmt: skip
    if table and "null_mean" in table[0]:
        traces.append(
            go.Scatter(
                x=[row["null_mean"] for row in table], y=names, mode="markers", name="columns unrelated",
                marker={"size": 9, "symbol": "circle-open", "color": "#888"}, hovertext=hover,
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )  # fmt: skip
    return traces
