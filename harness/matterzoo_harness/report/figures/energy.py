"""Alignment to the best model against the error of energies."""

from __future__ import annotations

import plotly.graph_objects as go

from matterzoo_harness.metrics.result import Entry
from matterzoo_harness.report.figures.common import (
    closeness,
    fact_of,
    figure,
    group_marks,
    known,
    main_entries,
    marker_size,
    number,
)
from matterzoo_harness.report.names import title_of
from matterzoo_harness.report.picture import Panel, Picture
from matterzoo_harness.report.results import DataResults, Results


def energy(results: Results) -> Panel:
    """Return alignment to the model of the smallest energy error against that error, of each data set."""
    pictures: dict[str, dict[str, Picture]] = {}
    for each in results.compared:
        if each.comparison is None:
            continue
        if not each.energies:
            why = "no reference energies came with these records, so no model is known to be the best here"
            pictures[each.data.name] = {"": Picture.nothing(why)}
            continue
        pictures[each.data.name] = {
            title_of(e.metric, e.k): _energy(results, each, e)
            for e in main_entries(each.comparison)
            if e.metric != "information_imbalance"
        }
    return Panel(
        "energy",
        "Nearer the best, smaller the error",
        "Whether models whose vectors are like the best model's predict better energies.",
        "The best is the one of smallest error, marked with a ring. Errors are of energies after a linear model of the "
        "composition was taken off reference and prediction apart, in eV a record. Size: number of parameters.",
        pictures,
        "metric",
    )


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
