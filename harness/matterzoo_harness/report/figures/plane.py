"""The information-imbalance plane: what a model knows of another, and the other of it."""

from __future__ import annotations

from math import nan

import plotly.graph_objects as go

from matterzoo_harness.metrics.result import Comparison, Entry
from matterzoo_harness.report.figures.common import MARKS, figure, known, number, pairs
from matterzoo_harness.report.names import title_of
from matterzoo_harness.report.picture import Panel, Picture, Table
from matterzoo_harness.report.results import Results

COLOURS = ("cknna", "dcor_sqr_unbiased", "dcor", "dcor_sqr", "id_correlation")


def plane(results: Results) -> Panel:
    """Return the plane of each data set, for every k and every metric that may colour it."""
    pictures = {}
    for each in results.compared:
        comparison = each.comparison
        if comparison is None or "information_imbalance" not in comparison:
            continue
        imbalances = [entry for entry in comparison.entries if entry.metric == "information_imbalance"]
        colours = [comparison.entry(name) for name in COLOURS if name in comparison]
        pictures[each.data.name] = {
            f"{title_of('Δ', entry.k)}, coloured by {title_of(colour.metric, colour.k)}": _plane(
                comparison, entry, colour
            )
            for entry in imbalances
            for colour in colours
        }
    return Panel(
        "plane",
        "Who contains whom",
        "Whether one model's neighbourhoods predict the other's, one way, both ways, or not at all.",
        "One mark a pair. Bottom left: both say the same. Top right: neither says anything of the other. Far below the "
        "diagonal B contains A: neighbours in B are neighbours in A, and not the other way round; far above it A "
        "contains B.",
        pictures,
        "k and colour",
    )


def _plane(comparison: Comparison, entry: Entry, colour: Entry) -> Picture:
    names = comparison.names
    table: Table = [
        {
            "a": names[i],
            "b": names[j],
            "k": entry.k,
            "a_to_b": known(entry.values[i, j]),
            "b_to_a": known(entry.values[j, i]),
            colour.key: known((colour.values[i, j] + colour.values[j, i]) / 2),
        }
        for i, j in pairs(names)
    ]
    drawn = [row for row in table if row["a_to_b"] is not None and row["b_to_a"] is not None]
    if not drawn:
        return Picture.nothing("no pair of models has an information imbalance")
    points = go.Scatter(
        x=[row["a_to_b"] for row in drawn],
        y=[row["b_to_a"] for row in drawn],
        mode="markers",
        marker={
            "size": 10,
            "color": [nan if row[colour.key] is None else row[colour.key] for row in drawn],
            "coloraxis": "coloraxis",
            "line": {"width": 1, "color": "rgba(127,127,127,.9)"},
        },
        hovertext=[
            f"<b>A = {row['a']}<br>B = {row['b']}</b><br>Δ(A → B) {number(row['a_to_b'], 4)}<br>"
            f"Δ(B → A) {number(row['b_to_a'], 4)}<br>{title_of(colour.metric, colour.k)} {number(row[colour.key], 4)}"
            for row in drawn
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )
    diagonal = go.Scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot", "width": 1, "color": "#888"}, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip
    top = max(1.05, *(float(row[side]) * 1.05 for row in drawn for side in ("a_to_b", "b_to_a")))
    made = figure(
        diagonal,
        points,
        height=520,
        xaxis={"title": f"Δ(A → B), k = {entry.k}", "range": [-0.02, top]},
        yaxis={"title": f"Δ(B → A), k = {entry.k}", "range": [-0.02, top]},
        coloraxis={
            "cmin": 0,
            "cmax": 1,
            "colorscale": MARKS,
            "colorbar": {"title": {"text": title_of(colour.metric, colour.k), "side": "right"}, "thickness": 12},
        },
    )
    records = comparison.provenance["records"]
    lowest = f"Lowest possible: {((entry.k or 1) + 1) / records:.4f} at {records:,} records."
    return Picture(made, table, f"{lowest} Unrelated vectors: 1 on average, at every k. {_tested(comparison, entry)}")


def _tested(comparison: Comparison, entry: Entry) -> str:
    """Say at which k a null was drawn."""
    if "null_mean" in entry.statistics:
        return "Null and intervals at this k: see “More than chance”."
    first = comparison.entry("information_imbalance")
    drawn = f"they were drawn at k = {first.k} only" if "null_mean" in first.statistics else "none were drawn"
    return f"Permutation nulls and intervals are not at this k: {drawn}."
