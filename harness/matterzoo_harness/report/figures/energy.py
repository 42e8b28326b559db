"""Alignment to the best model against the error of energies."""

from __future__ import annotations

import plotly.graph_objects as go
from scipy.stats import spearmanr

from matterzoo_harness.metrics.result import Entry
from matterzoo_harness.report.figures.common import (
    PALETTE,
    closeness,
    fact_of,
    figure,
    group_marks,
    known,
    main_entries,
    marker_size,
    number,
)
from matterzoo_harness.report.names import CLOSER_IF_SMALLER, title_of
from matterzoo_harness.report.picture import Panel, Picture, Table
from matterzoo_harness.report.results import DataResults, Results

NO_REFERENCE = "No reference energies came with these records, so no model is known to be the best here"


def energy(results: Results) -> Panel:
    """Return alignment against energies of each data set: to the best model, and pair by pair."""
    pictures: dict[str, dict[str, Picture]] = {}
    for each in results.compared:
        if each.comparison is None:
            continue
        entries = [e for e in main_entries(each.comparison) if e.metric not in CLOSER_IF_SMALLER]
        found: dict[str, Picture] = {}
        if each.energies:
            found |= {f"{title_of(e.metric, e.k)}, to the best model": _energy(results, each, e) for e in entries}
        if each.energy_pairs:
            found |= {f"{title_of(e.metric, e.k)}, every pair": _pairs(results, each, e) for e in entries}
        pictures[each.data.name] = found or {"": Picture.nothing(f"{NO_REFERENCE}; nor did two models predict any.")}
    return Panel(
        "energy",
        "Nearer the best, smaller the error",
        "Whether models whose vectors are alike predict alike energies.",
        "To the best model: each model's error against its alignment to the model of smallest error, marked with a "
        "ring; size: number of parameters. Every pair: how far two models' energies differ against how alike their "
        "vectors are, which needs no reference. A linear model of the composition was taken off both sides apart; eV a "
        "record.",
        pictures,
        "metric",
    )


def _pairs(results: Results, data: DataResults, entry: Entry) -> Picture:
    """Draw how far the energies of two models differ against how alike their vectors are."""
    comparison = data.comparison
    if comparison is None:
        return Picture.nothing(data.problem)
    where, near = {name: i for i, name in enumerate(comparison.names)}, closeness(entry)
    table: Table = [
        {**row, entry.key: known(near[where[row["a"]], where[row["b"]]])}
        for row in data.energy_pairs
        if row["a"] in where and row["b"] in where
    ]
    drawn = [row for row in table if row[entry.key] is not None]
    if not drawn:
        return Picture.nothing("no two compared models predict energies")
    kinds = {
        "within a group": [row for row in drawn if _group(results, row["a"]) == _group(results, row["b"])],
        "across groups": [row for row in drawn if _group(results, row["a"]) != _group(results, row["b"])],
    }
    traces = [
        go.Scatter(
            x=[row["corrected_mae_ev"] for row in rows], y=[row[entry.key] for row in rows], mode="markers", name=kind,
            marker={"size": 11, "color": colour, "symbol": symbol, "opacity": 0.85},
            hovertext=[
                f"<b>{row['a']} · {row['b']}</b><br>energies differ by {number(row['corrected_mae_ev'], 4)} eV on "
                f"{row['n']} records<br>{title_of(entry.metric, entry.k)}: {number(row[entry.key], 4)}"
                for row in rows
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
        for (kind, rows), colour, symbol in zip(kinds.items(), PALETTE, ("circle", "diamond"), strict=False)
        if rows
    ]  # fmt: skip
    made = figure(
        *traces,
        height=500,
        xaxis={"title": "difference of energies, composition-corrected (eV a record)", "rangemode": "tozero"},
        yaxis={"title": title_of(entry.metric, entry.k)},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top"},
    )
    return Picture(made, table, _rank(drawn, entry) + ("" if data.energies else f" {NO_REFERENCE}."))


def _group(results: Results, model: str) -> str:
    return fact_of(results, model).group


def _rank(drawn: Table, entry: Entry) -> str:
    if len(drawn) < 3:
        return ""
    rho = spearmanr([row["corrected_mae_ev"] for row in drawn], [row[entry.key] for row in drawn]).statistic
    return f"Spearman's ρ over {len(drawn)} pairs, which are not independent: {float(rho):.2f}."


def _energy(results: Results, data: DataResults, entry: Entry) -> Picture:
    comparison = data.comparison
    if comparison is None:
        return Picture.nothing(data.problem)
    where = {name: i for i, name in enumerate(comparison.names)}
    rows = sorted((row for row in data.energies if row["model"] in where), key=lambda row: row["corrected_mae_ev"])
    if not rows:
        return Picture.nothing("no compared model predicts energies")
    best, near, marks = where[rows[0]["model"]], closeness(entry), group_marks(results)
    table = [
        {
            "model": row["model"],
            "group": fact_of(results, row["model"]).group,
            "corrected_mae_ev": row["corrected_mae_ev"],
            "n": row["n"],
            f"{entry.key}_to_{rows[0]['model']}": known(near[best, where[row["model"]]]),
            "parameters": fact_of(results, row["model"]).parameters,
        }
        for row in rows
    ]
    key = f"{entry.key}_to_{rows[0]['model']}"
    traces = []
    for group in dict.fromkeys(row["group"] for row in table):
        mine = [row for row in table if row["group"] == group]
        colour, symbol = marks.get(group, ("#888", "circle"))
        traces.append(
            go.Scatter(
                x=[row["corrected_mae_ev"] for row in mine], y=[row[key] for row in mine], mode="markers", name=group,
                marker={"size": [marker_size(row["parameters"]) for row in mine], "color": colour, "symbol": symbol},
                hovertext=[
                    f"<b>{row['model']}</b><br>MAE {number(row['corrected_mae_ev'], 4)} eV on {row['n']} records<br>"
                    f"{title_of(entry.metric, entry.k)} to {rows[0]['model']}: {number(row[key], 4)}"
                    for row in mine
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )  # fmt: skip
    made = figure(
        *traces,
        height=500,
        xaxis={"title": "energy MAE, composition-corrected (eV a record)", "type": "log", "minor": {"showgrid": False}},
        yaxis={"title": f"{title_of(entry.metric, entry.k)} to {rows[0]['model']}"},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top"},
    )
    made.add_trace(
        go.Scatter(
            x=[table[0]["corrected_mae_ev"]], y=[table[0][key]], mode="markers", hoverinfo="skip", showlegend=False,
            marker={"size": 30, "symbol": "circle-open", "color": "#888", "line": {"width": 2}},
        )
    )  # fmt: skip
    return Picture(made, table)
