"""What figures share: colours and marks of groups, orders by similarity, the pairs of a comparison."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from matterzoo_harness.metrics.result import Comparison, Entry
from matterzoo_harness.report.names import CLOSER_IF_SMALLER, HEADLINE, title_of
from matterzoo_harness.report.picture import Picture
from matterzoo_harness.report.results import Facts, Results

PALETTE = (
    "#4477dd", "#e0702f", "#1f9e89", "#c2408c", "#8a6fd1", "#b48a1c", "#d24b4b", "#3aa0c9", "#6a9a32", "#a0654a",
    "#e36fb0", "#5a7a8c",
)  # fmt: skip
"""Colours of groups: distinct to colour-blind readers in pairs of neighbours, legible on white and on near-black."""
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon", "pentagon", "bowtie")
MARKS = "Cividis"
"""Colours of a number on marks: made for colour-blind readers, and told from both grounds at either end."""
GREY = "#8d9299"
NAMED = 8
"""Pairs with a colour and a name; the others are grey."""
MOST_LINES = 200
"""Grey lines with a name of their own."""
Floats = NDArray[np.float64]


def figure(*traces: Any, height: int = 480, **layout: Any) -> go.Figure:
    """Return a figure in the report's manner; fonts, grounds and grids are its theme's."""
    plain = {"height": height, "margin": {"l": 64, "r": 24, "t": 24, "b": 56}, "hovermode": "closest"}
    made = go.Figure(list(traces))
    made.update_layout(template="none", **{**plain, **layout})
    return made


def group_marks(results: Results) -> dict[str, tuple[str, str]]:
    """Return colour and symbol of every group; groups of untrained maps are grey."""
    groups: dict[str, bool] = {}
    for fact in results.facts.values():
        groups[fact.group] = groups.get(fact.group, True) and fact.untrained
    marks, number = {}, 0
    for position, (group, untrained) in enumerate(groups.items()):
        colour = GREY if untrained else PALETTE[number % len(PALETTE)]
        number += not untrained
        marks[group] = (colour, SYMBOLS[position % len(SYMBOLS)])
    return marks


def fact_of(results: Results, model: str) -> Facts:
    """Return what is known of a model of a comparison; `model:layer` is of its model."""
    name = model.partition(":")[0]
    return results.facts.get(name) or Facts(name, name, "other", known=False)


def headline(comparison: Comparison) -> Entry | None:
    """Return the entry that orders and words rest on."""
    for metric in HEADLINE:
        if metric in comparison:
            return comparison.entry(metric)
    return comparison.entries[0] if comparison.entries else None


def main_entries(comparison: Comparison) -> list[Entry]:
    """Return every metric at its first k."""
    seen: dict[str, Entry] = {}
    for entry in comparison.entries:
        seen.setdefault(entry.metric, entry)
    return list(seen.values())


def by_metric(results: Results, draw: Callable[[Comparison, Entry], Picture]) -> dict[str, dict[str, Picture]]:
    """Draw every metric of every data set at its first k: pictures by data set and metric."""
    return {
        each.data.name: {e.key: draw(each.comparison, e) for e in main_entries(each.comparison)}
        for each in results.compared
        if each.comparison is not None
    }


def closeness(entry: Entry) -> Floats:
    """Return a symmetric matrix [M, M] that is larger where models are closer, NaN where there is no number."""
    values = -entry.values if entry.metric in CLOSER_IF_SMALLER else entry.values
    return np.asarray((values + values.T) / 2, dtype=np.float64)


def clustered(near: Floats) -> list[int]:
    """Order models so that close ones stand together: average linkage, optimal leaf order."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    size = len(near)
    if size < 3:
        return list(range(size))
    known = near[np.isfinite(near)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    distance = np.where(np.isfinite(near), high - near, 2 * (high - low) or 1.0)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform((distance + distance.T) / 2, checks=False), "average", optimal_ordering=True)
    return [int(leaf) for leaf in leaves_list(tree)]


def pairs(names: Sequence[str], directed: bool = False) -> Iterator[tuple[int, int]]:
    """Yield the pairs of different models."""
    for i in range(len(names)):
        for j in range(0 if directed else i + 1, len(names)):
            if i != j:
                yield i, j


def number(value: float | None, digits: int = 3) -> str:
    """Write a number for people; a dash where there is none."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def known(value: float) -> float | None:
    """Return a number, or None where there is none."""
    return float(value) if math.isfinite(value) else None


def statistic(entry: Entry, name: str, i: int, j: int) -> float:
    """Return one statistic of a pair; NaN if it was not computed."""
    values = entry.statistics.get(name)
    return float("nan") if values is None else float(values[i, j])


def pair_row(entry: Entry, names: Sequence[str], i: int, j: int) -> dict[str, Any]:
    """Return the row of the results table that a mark of a pair shows."""
    row: dict[str, Any] = {"metric": entry.metric, "k": entry.k, "a": names[i], "b": names[j]}
    row["value"] = known(entry.values[i, j])
    for name in ("null_mean", "null_sd", "p", "q", "ci_low", "ci_high", "subsample_value"):
        if name in entry.statistics:
            row[name] = known(statistic(entry, name, i, j))
    row["reason"] = entry.reasons.get((names[i], names[j]), "")
    return row


def hover_of(entry: Entry, names: Sequence[str], i: int, j: int) -> str:
    """Return what hovering over a pair says: both names, the number, its interval, its null."""
    arrow = "→" if entry.metric == "information_imbalance" else "·"
    lines = [f"<b>{names[i]} {arrow} {names[j]}</b>"]
    reason = entry.reasons.get((names[i], names[j]))
    lines.append(f"{title_of(entry.metric, entry.k)}: {reason or number(entry.values[i, j], 4)}")
    if "ci_low" in entry.statistics and i != j:
        low, high = (number(statistic(entry, name, i, j)) for name in ("ci_low", "ci_high"))
        lines.append(f"95 % [{low}, {high}]")
        null, q = number(statistic(entry, "null_mean", i, j)), number(statistic(entry, "q", i, j))
        lines.append(f"null {null}, q = {q}")
    return "<br>".join(lines)


def pair_table(comparison: Comparison, entry: Entry) -> list[dict[str, Any]]:
    """Return the rows of the results table of one metric, alike models together; one half where it is symmetric."""
    order = clustered(closeness(entry))
    twice = np.array_equal(entry.values, entry.values.T, equal_nan=True)
    return [
        pair_row(entry, comparison.names, i, j) for n, i in enumerate(order) for j in (order[n:] if twice else order)
    ]


def pair_lines(lines: dict[str, tuple[list[Any], list[Any]]], hover: str) -> list[go.Scatter]:
    """Return a line a pair, the first few coloured and named; many others are one grey trace, which is drawn fast.

    Parameters
    ----------
    lines
        x and y by the pair's name, the most alike pair first.
    hover
        What hovering says after the name, with plotly's placeholders.
    """
    named = list(lines.items())[:NAMED]
    rest = list(lines.items())[NAMED:]
    traces = []
    if len(rest) > MOST_LINES:
        xs = [x for _, (line, _) in rest for x in [*line, None]]
        ys = [y for _, (_, line) in rest for y in [*line, None]]
        traces.append(_grey(xs, ys, "the other pairs", None))
    else:
        traces += [_grey(xs, ys, name, f"<b>{name}</b><br>{hover}<extra></extra>") for name, (xs, ys) in rest]
    for n, (name, (xs, ys)) in reversed(list(enumerate(named))):
        traces.append(
            go.Scatter(
                x=xs, y=ys, mode="lines+markers", name=name, legendrank=n, line={"width": 2, "color": PALETTE[n]},
                hovertemplate=f"<b>{name}</b><br>{hover}<extra></extra>",
            )
        )  # fmt: skip
    return traces


def _grey(xs: list[Any], ys: list[Any], name: str, hover: str | None) -> go.Scatter:
    return go.Scatter(
        x=xs, y=ys, mode="lines", name=name, showlegend=False, opacity=0.4, line={"width": 1, "color": GREY},
        hovertemplate=hover, hoverinfo=None if hover else "skip",
    )  # fmt: skip


def marker_size(parameters: int | None) -> float:
    """Return a mark's diameter: by the logarithm of the parameters; small where they are not known."""
    return 9.0 if not parameters else float(np.clip(3.2 * math.log10(parameters) - 8, 7, 26))
