"""Joint layouts: the records of several data sets in one plane, as one model sees them."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from matterzoo_harness.report.figures.common import MARKS, PALETTE, figure, number
from matterzoo_harness.report.picture import ALL, Panel, Picture
from matterzoo_harness.report.results import Results, Table

MANY = 5000
NO_ERRORS = "Errors of energies cannot colour it: these records have no reference energies, or the model predicts none."


def layout(results: Results) -> Panel:
    """Return each joint layout, coloured by data set and, where it is known, by the error of the energy."""
    found: dict[str, Picture] = {}
    for key, table in results.layouts.items():
        if not table:
            continue
        model = str(table[0]["model"])
        title = model if key == model else f"{key}: {model}"
        known = any(row["energy_error_ev_atom"] is not None for row in table)
        found[f"{title}, by data set"] = _by_data(results, table, "" if known else NO_ERRORS)
        if known:
            found[f"{title}, by energy error"] = _by_error(table)
    return Panel(
        "layout",
        "One map of all records",
        "Where the data sets lie for one model.",
        "UMAP of all vectors together. Which clouds overlap can be trusted; sizes and distances of clouds cannot.",
        {ALL: found} if found else {},
        "model and colour",
    )


def _by_data(results: Results, table: Table, note: str) -> Picture:
    titles = {each.data.name: each.data.title for each in results.data}
    traces = []
    for n, name in enumerate(dict.fromkeys(row["data"] for row in table)):
        mine = [row for row in table if row["data"] == name]
        traces.append(
            _kind(table)(
                x=[round(row["x"], 4) for row in mine], y=[round(row["y"], 4) for row in mine], mode="markers",
                name=titles.get(name, name), text=[row["record"] for row in mine],
                marker={"size": 6 if len(table) < MANY else 3, "color": PALETTE[n % len(PALETTE)], "opacity": 0.7},
                hovertemplate=f"<b>%{{text}}</b><br>{titles.get(name, name)}<extra></extra>",
            )
        )  # fmt: skip
    return Picture(_framed(*traces), table, note)


def _by_error(table: Table) -> Picture:
    mine = [row for row in table if row["energy_error_ev_atom"] is not None]
    points = _kind(table)(
        x=[round(row["x"], 4) for row in mine], y=[round(row["y"], 4) for row in mine], mode="markers",
        marker={
            "size": 6 if len(table) < MANY else 3, "color": [row["energy_error_ev_atom"] for row in mine],
            "coloraxis": "coloraxis", "opacity": 0.8,
        },
        text=[f"<b>{row['record']}</b><br>{number(row['energy_error_ev_atom'], 4)} eV an atom" for row in mine],
        hovertemplate="%{text}<extra></extra>", showlegend=False,
    )  # fmt: skip
    made = _framed(points)
    made.update_layout(
        coloraxis={"colorscale": MARKS, "colorbar": {"title": {"text": "|ΔE| (eV an atom)", "side": "right"}}}
    )
    return Picture(made, table, "Energies as predicted: offsets between levels of theory are part of the error.")


def _kind(table: Table) -> Any:
    """Return vector marks for few records, which print well, and WebGL for many."""
    return go.Scatter if len(table) < MANY else go.Scattergl


def _framed(*traces: Any) -> go.Figure:
    bare = {"showticklabels": False, "ticks": "", "zeroline": False, "title": "", "showgrid": False}
    return figure(
        *traces,
        height=560,
        xaxis=bare,
        yaxis=bare,
        margin={"l": 12, "r": 12, "t": 16, "b": 12},
        legend={"orientation": "h", "y": -0.02, "yanchor": "top"},
    )
