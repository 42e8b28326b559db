"""The evolutionary tree: models joined by how alike their alignments with all others are."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from matterzoo_harness.metrics.tree import newick
from matterzoo_harness.report.figures.common import fact_of, figure, group_marks
from matterzoo_harness.report.picture import Panel, Picture, Table
from matterzoo_harness.report.results import DataResults, Results


def tree(results: Results) -> Panel:
    """Return the tree of each data set; its Newick text is in the table."""
    pictures = {}
    for each in results.compared:
        text = newick_of(results, each)
        if text is None:
            why = "fewer than three trained models, or no CKNNA: they make no tree"
            pictures[each.data.name] = {"": Picture.nothing(why)}
        else:
            pictures[each.data.name] = {"": _tree(results, text)}
    return Panel(
        "tree",
        "Family tree",
        "Which trained models grew from the same root, judged by their vectors alone.",
        "Profiles of CKNNA with all models, Jensen–Shannon distances, neighbour joining. Only path lengths between "
        "leaves mean something; where the root is drawn does not. Untrained maps are left out.",
        pictures,
    )


def newick_of(results: Results, data: DataResults) -> str | None:
    """Return the tree of the trained models of a data set; None if there are fewer than three, or no CKNNA."""
    comparison = data.comparison
    if comparison is None or "cknna" not in comparison:
        return None
    values = comparison["cknna"]
    out = {name for i, name in enumerate(comparison.names)
           if fact_of(results, name).untrained or not np.isfinite(values[i, i])}  # fmt: skip
    kept = [i for i, name in enumerate(comparison.names) if name not in out]
    if len(kept) < 3 or not np.isfinite(values[np.ix_(kept, kept)]).all():
        return None
    return newick(comparison.names, values, leave_out=out)


def _tree(results: Results, text: str) -> Picture:
    import skbio

    root = skbio.TreeNode.read(io.StringIO(text), convert_underscores=False).root_at_midpoint()
    leaves = list(root.tips())
    heights: dict[Any, float] = {leaf: float(row) for row, leaf in enumerate(leaves)}
    for node in root.postorder(include_self=True):
        if node.children:
            heights[node] = sum(heights[child] for child in node.children) / len(node.children)
    depths: dict[Any, float] = {root: 0.0}
    xs: list[float | None] = []
    ys: list[float | None] = []
    for node in root.preorder(include_self=False):
        depths[node] = depths[node.parent] + max(float(node.length or 0.0), 0.0)
        xs += [depths[node.parent], depths[node.parent], depths[node], None]
        ys += [heights[node.parent], heights[node], heights[node], None]
    marks = group_marks(results)
    groups = [fact_of(results, str(leaf.name)).group for leaf in leaves]
    branches = go.Scatter(
        x=xs, y=ys, mode="lines", line={"width": 1.5, "color": "#888"}, hoverinfo="skip", showlegend=False
    )
    tips = [
        go.Scatter(
            x=[depths[leaf] for leaf, g in zip(leaves, groups, strict=True) if g == group],
            y=[heights[leaf] for leaf, g in zip(leaves, groups, strict=True) if g == group],
            text=[f"  {leaf.name}" for leaf, g in zip(leaves, groups, strict=True) if g == group],
            mode="markers+text", textposition="middle right", name=group, cliponaxis=False,
            marker={"size": 10, "color": marks.get(group, ("#888", ""))[0]},
            hovertemplate="<b>%{text}</b><br>" + group + "<extra></extra>",
        )
        for group in dict.fromkeys(groups)
    ]  # fmt: skip
    deepest = max(depths.values()) or 1.0
    longest = max(len(str(leaf.name)) for leaf in leaves)
    made = figure(
        branches,
        *tips,
        height=max(280, 90 + 28 * len(leaves)),
        xaxis={"title": "distance from the root", "range": [-0.03 * deepest, deepest * (1.12 + 0.028 * longest)],
               "zeroline": False},
        yaxis={"visible": False, "range": [len(leaves) - 0.4, -0.6]},
        margin={"l": 16, "r": 16, "t": 16, "b": 56},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"},
    )  # fmt: skip
    return Picture(
        made,
        [*_paths(leaves), {"a": "newick", "b": text, "distance": None}],
        "The last line of its CSV is the tree as Newick.",
    )


def _paths(leaves: list[Any]) -> Table:
    """Return the path length between every two leaves."""
    rows: Table = []
    for n, leaf in enumerate(leaves):
        for other in leaves[n + 1 :]:
            length = float(leaf.distance(other))
            rows.append({"a": leaf.name, "b": other.name, "distance": length if math.isfinite(length) else None})
    return rows
