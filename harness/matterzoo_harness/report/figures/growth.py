"""Alignment against the number of records."""

from __future__ import annotations

from matterzoo_harness.report.figures.common import figure, pair_lines
from matterzoo_harness.report.names import CLOSER_IF_SMALLER, title_of
from matterzoo_harness.report.picture import Panel, Picture
from matterzoo_harness.report.results import Results, Table


def growth(results: Results) -> Panel:
    """Return alignment of every pair on nested halves of the records, of each data set, by metric."""
    pictures: dict[str, dict[str, Picture]] = {}
    for each in results.compared:
        metrics = list(dict.fromkeys(row["metric"] for row in each.growth))
        found = {}
        for metric in metrics:
            first = next(row["k"] for row in each.growth if row["metric"] == metric)
            rows = [
                row
                for row in each.growth
                if row["metric"] == metric and row["k"] == first and row["a"] < row["b"] and row["value"] is not None
            ]
            if len({row["n"] for row in rows}) > 1:
                found[title_of(metric, first)] = _against_n(rows)
        if found:
            pictures[each.data.name] = found
    return Panel(
        "growth",
        "More records",
        "Whether the numbers would change with a larger sample.",
        "Nested random halves. Neighbour metrics fall as records grow at a fixed k, because neighbours come closer: "
        "read the order, and where lines have become flat.",
        pictures,
        "metric",
    )


def _against_n(rows: Table) -> Picture:
    lines: dict[tuple[str, str], dict[int, float]] = {}
    for row in rows:
        lines.setdefault((row["a"], row["b"]), {})[row["n"]] = row["value"]
    sign = 1 if rows[0]["metric"] in CLOSER_IF_SMALLER else -1
    order = sorted(lines, key=lambda pair: sign * lines[pair][max(lines[pair])])
    drawn = {" · ".join(pair): (sorted(lines[pair]), [lines[pair][n] for n in sorted(lines[pair])]) for pair in order}
    sizes = sorted({row["n"] for row in rows})
    made = figure(
        *pair_lines(drawn, "%{x:,} records: %{y:.4f}"),
        height=500,
        xaxis={"title": "records", "type": "log", "tickvals": sizes, "ticktext": [f"{size:,}" for size in sizes]},
        yaxis={"title": title_of(rows[0]["metric"], rows[0]["k"])},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "font": {"size": 11}},
        margin={"l": 64, "r": 24, "t": 16, "b": 60},
    )
    table = [{key: row[key] for key in ("metric", "k", "n", "a", "b", "value")} for row in rows]
    return Picture(made, table)
