"""What every model covered of every data set, and why not the rest."""

from __future__ import annotations

import plotly.graph_objects as go

from matterzoo_harness.report.figures.common import figure
from matterzoo_harness.report.picture import ALL, Panel, Picture, Table
from matterzoo_harness.report.results import Results


def coverage_table(results: Results) -> Table:
    """Return a row a model and data set: embedded, compared, why not."""
    return [
        {
            "data": each.data.name,
            "model": model,
            "records": found.records,
            "ok": found.ok,
            "share": round(found.share, 6),
            "compared": found.compared,
            "problem": found.problem,
            "reasons": "; ".join(f"{count} × {reason}" for reason, count in found.reasons.items()),
        }
        for each in results.data
        for model, found in each.coverages.items()
    ]


def coverage(results: Results) -> Panel:
    """Return the share of each data set that each model has vectors for."""
    table = coverage_table(results)
    return Panel(
        "coverage",
        "Who could read what",
        "The share of each data set that each model has vectors for.",
        "Empty: not asked. Zero: asked, and nothing came. A model below the study's least coverage is not compared.",
        {ALL: {"": _coverage(results, table)}},
    )


def _coverage(results: Results, table: Table) -> Picture:
    if not table:
        return Picture.nothing("nothing was embedded yet")
    models = list(dict.fromkeys(row["model"] for row in table))
    titles = [each.data.title for each in results.data]
    names = [each.data.name for each in results.data]
    found = {(row["model"], row["data"]): row for row in table}
    shares = [[found[m, d]["share"] if (m, d) in found else None for d in names] for m in models]
    text = [["" if value is None else f"{value:.0%}" for value in row] for row in shares]
    hover = [[_said(found.get((m, d))) for d in names] for m in models]
    trace = go.Heatmap(
        z=shares, x=titles, y=models, text=text, texttemplate="%{text}", hovertext=hover, coloraxis="coloraxis",
        hovertemplate="%{hovertext}<extra></extra>", xgap=2, ygap=2, hoverongaps=False,
    )  # fmt: skip
    made = figure(
        trace,
        height=max(280, 110 + 26 * len(models)),
        coloraxis={"cmin": 0, "cmax": 1, "showscale": False},
        xaxis={"side": "top", "ticks": "", "showgrid": False, "automargin": True},
        yaxis={"autorange": "reversed", "automargin": True, "ticks": "", "showgrid": False},
        margin={"l": 20, "r": 20, "t": 40, "b": 16},
    )
    return Picture(made, table)


def _said(row: dict[str, object] | None) -> str:
    if row is None:
        return ""
    why = row["problem"] or row["reasons"]
    return f"<b>{row['model']}</b><br>{row['ok']} of {row['records']} records" + (f"<br>{why}"[:240] if why else "")
