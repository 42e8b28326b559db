"""In the distribution and out of it: whether models that agree where they were trained agree elsewhere."""

from __future__ import annotations

import plotly.graph_objects as go

from matterzoo_harness.report.figures.common import closeness, figure, known, number, pairs
from matterzoo_harness.report.names import CLOSER_IF_SMALLER, title_of
from matterzoo_harness.report.picture import ALL, Panel, Picture, Table
from matterzoo_harness.report.results import DataResults, Results


def distribution(results: Results) -> Panel:
    """Return alignment on each data set in the distribution against each out of it, by metric."""
    inside = [each for each in results.compared if each.data.role == "in"]
    outside = [each for each in results.compared if each.data.role == "out"]
    found: dict[str, Picture] = {}
    for one in inside:
        for other in outside:
            if one.comparison is None or other.comparison is None:
                continue
            shared = [m for m in dict.fromkeys(e.metric for e in one.comparison.entries) if m in other.comparison]
            for metric in shared:
                picture = _pair(one, other, metric)
                found[f"{title_of(metric)}: {one.data.title} / {other.data.title}"] = picture
    return Panel(
        "distribution",
        "Away from the training data",
        "Whether pairs that agree on what they were trained on agree elsewhere, too.",
        "One mark a pair of models that was compared on both. Below the diagonal: they agree less out of the "
        "distribution. Numbers at different N are not strictly comparable; the note says which N these are.",
        {ALL: found} if found else {},
        "metric and data sets",
    )


def _pair(one: DataResults, other: DataResults, metric: str) -> Picture:
    if one.comparison is None or other.comparison is None:
        return Picture.nothing("one of the two was not compared")
    here, there = one.comparison.entry(metric), other.comparison.entry(metric)
    if here.k != there.k:
        return Picture.nothing(f"k is {here.k} on one and {there.k} on the other")
    sign = -1 if metric in CLOSER_IF_SMALLER else 1
    a, b = sign * closeness(here), sign * closeness(there)
    names, where = one.comparison.names, {name: i for i, name in enumerate(other.comparison.names)}
    table: Table = []
    for i, j in pairs(names):
        if names[i] in where and names[j] in where:
            inside, outside = known(a[i, j]), known(b[where[names[i]], where[names[j]]])
            table.append({"a": names[i], "b": names[j], one.data.name: inside, other.data.name: outside})
    drawn = [row for row in table if row[one.data.name] is not None and row[other.data.name] is not None]
    if not drawn:
        return Picture.nothing(f"no two models were compared on both {one.data.title} and {other.data.title}")
    x, y = [[row[key] for row in drawn] for key in (one.data.name, other.data.name)]
    low, high = min(0.0, *x, *y), max(1.0, *x, *y)
    label = title_of(metric, here.k)
    made = figure(
        go.Scatter(
            x=[low, high], y=[low, high], mode="lines", line={"dash": "dot", "width": 1, "color": "#888"},
            hoverinfo="skip", showlegend=False,
        ),
        go.Scatter(
            x=x, y=y, mode="markers", marker={"size": 10, "color": "#4477dd", "opacity": 0.8}, showlegend=False,
            hovertext=[
                f"<b>{row['a']} · {row['b']}</b><br>{one.data.title} {number(row[one.data.name], 4)}<br>"
                f"{other.data.title} {number(row[other.data.name], 4)}"
                for row in drawn
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        ),
        xaxis={"title": f"{label}, {one.data.title} (in)"},
        yaxis={"title": f"{label}, {other.data.title} (out)"},
    )  # fmt: skip
    less = sum(b < a for a, b in zip(x, y, strict=True))
    if metric in CLOSER_IF_SMALLER:
        less = sum(b > a for a, b in zip(x, y, strict=True))
    sizes = f"{one.comparison.provenance['records']:,} and {other.comparison.provenance['records']:,} records"
    return Picture(made, table, f"{less} of {len(drawn)} pairs agree less out of the distribution; {sizes}.")
