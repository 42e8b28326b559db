"""Which model to pick, which to drop, which to add: coverage, agreement with the others, speed, redundancy."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from matterzoo_harness.metrics.result import Entry
from matterzoo_harness.report.figures.common import (
    closeness,
    fact_of,
    figure,
    group_marks,
    headline,
    known,
    marker_size,
    number,
)
from matterzoo_harness.report.names import title_of
from matterzoo_harness.report.picture import Panel, Picture, Table
from matterzoo_harness.report.results import DataResults, Results


def pick(results: Results) -> Panel:
    """Return speed against agreement with the other trained models, of each data set."""
    pictures = {each.data.name: {"": _pick(results, each)} for each in results.compared}
    return Panel(
        "pick",
        "Which to pick for these records",
        "What a model costs, against how much it shares with the other trained ones.",
        "Up: shares more with the other trained models. Right: more records a second, as measured in this study. "
        "Size: parameters. A fast model high up says what the slow ones say; one far down sees something else, or "
        "nothing: the next figure tells which it adds to.",
        pictures,
    )


def redundancy(results: Results) -> Panel:
    """Return, model by model, how much of it the set before it already told, of each data set."""
    pictures = {each.data.name: {"": _redundancy(results, each)} for each in results.compared}
    return Panel(
        "redundancy",
        "Which to add next",
        "If you may run only some of the trained models: an order in which each adds the most that is new.",
        "It begins with the model that shares most with the others. Every next one is the model whose closest relative "
        "among those above it is the least close. Low bars bring new information; high bars at the bottom are models "
        "that can be dropped.",
        pictures,
    )


def pick_table(results: Results, data: DataResults) -> Table:
    """Return, a row a compared model, what a choice rests on."""
    comparison = data.comparison
    entry = None if comparison is None else headline(comparison)
    if comparison is None or entry is None:
        return []
    near = closeness(entry)
    trained = [not fact_of(results, name).untrained for name in comparison.names]
    errors = {row["model"]: row["corrected_mae_ev"] for row in data.energies}
    table = []
    for i, name in enumerate(comparison.names):
        others = [near[i, j] for j, good in enumerate(trained) if good and j != i and np.isfinite(near[i, j])]
        rate, coverage, fact = data.rates.get(name), data.coverages.get(name), fact_of(results, name)
        table.append(
            {
                "model": name,
                "group": fact.group,
                "trained": trained[i],
                "agreement": float(np.mean(others)) if others else None,
                "metric": entry.key,
                "records_a_second": None if rate is None else rate.records / max(rate.seconds, 1e-9),
                "coverage": None if coverage is None else coverage.share,
                "corrected_mae_ev": errors.get(name),
                "parameters": fact.parameters,
            }
        )
    return table


def order_of_news(near: np.ndarray[Any, Any]) -> list[tuple[int, float | None]]:
    """Order models so that each is the farthest from those before it, with how close its nearest there is.

    Parameters
    ----------
    near
        Symmetric closeness [M, M]; pairs without a number count as far.
    """
    size = len(near)
    if not size:
        return []
    filled = np.where(np.isfinite(near), near, np.nanmin(near) if np.isfinite(near).any() else 0.0)
    off = filled.copy()
    np.fill_diagonal(off, 0.0)
    chosen = [int(off.sum(1).argmax())]
    order: list[tuple[int, float | None]] = [(chosen[0], None)]
    while len(chosen) < size:
        rest = [i for i in range(size) if i not in chosen]
        nearest = [float(filled[i, chosen].max()) for i in rest]
        place = int(np.argmin(nearest))
        chosen.append(rest[place])
        order.append((rest[place], nearest[place]))
    return order


def _pick(results: Results, data: DataResults) -> Picture:
    table = pick_table(results, data)
    drawn = [row for row in table if row["agreement"] is not None and row["records_a_second"] is not None]
    if not drawn:
        return Picture(None, table, empty="no compared model was timed, or none has another trained one beside it")
    marks, traces = group_marks(results), []
    for group in dict.fromkeys(row["group"] for row in drawn):
        mine = [row for row in drawn if row["group"] == group]
        colour, symbol = marks.get(group, ("#888", "circle"))
        traces.append(
            go.Scatter(
                x=[row["records_a_second"] for row in mine], y=[row["agreement"] for row in mine], name=group,
                mode="markers",
                marker={"size": [marker_size(row["parameters"]) for row in mine], "color": colour, "symbol": symbol,
                        "opacity": 0.85},
                hovertext=[_said(row) for row in mine], hovertemplate="%{hovertext}<extra></extra>",
            )
        )  # fmt: skip
    metric = title_of(*_split(str(drawn[0]["metric"])))
    made = figure(
        *traces,
        height=500,
        xaxis={"title": "records a second, once loaded", "type": "log", "dtick": 1},
        yaxis={"title": f"mean {metric} with the other trained models"},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top"},
    )
    return Picture(made, table, _where_timed(data))


def _said(row: dict[str, Any]) -> str:
    lines = [f"<b>{row['model']}</b>", f"agreement {number(row['agreement'])}"]
    lines.append(f"{row['records_a_second']:,.1f} records a second, coverage {row['coverage']:.0%}")
    if row["parameters"]:
        lines.append(f"{row['parameters']:,} parameters")
    if row["corrected_mae_ev"] is not None:
        lines.append(f"energy MAE {number(row['corrected_mae_ev'], 4)} eV")
    return "<br>".join(lines)


def _where_timed(data: DataResults) -> str:
    rates = list(data.rates.values())
    where = sorted({f"{rate.device}, {rate.runtime}, {rate.cores} cores" for rate in rates})
    return f"Timed on: {'; '.join(where)}; models may have shared the machine." if where else ""


def _redundancy(results: Results, data: DataResults) -> Picture:
    comparison = data.comparison
    entry = None if comparison is None else headline(comparison)
    if comparison is None or entry is None:
        return Picture.nothing(data.problem)
    chosen = [i for i, name in enumerate(comparison.names) if not fact_of(results, name).untrained]
    if len(chosen) < 2:
        return Picture.nothing("fewer than two trained models were compared")
    near = closeness(entry)[np.ix_(chosen, chosen)]
    order = order_of_news(near)
    names = [comparison.names[chosen[i]] for i, _ in order]
    table = [
        {"order": n + 1, "model": name, "closest_above": value, "nearest": _nearest(near, order, n, names),
         "metric": entry.key}
        for n, (name, (_, value)) in enumerate(zip(names, order, strict=True))
    ]  # fmt: skip
    return Picture(_bars(results, table, entry), table, _null_note(entry))


def _nearest(near: np.ndarray[Any, Any], order: list[tuple[int, float | None]], n: int, names: list[str]) -> str | None:
    if n == 0:
        return None
    row = [near[order[n][0], order[m][0]] for m in range(n)]
    return names[int(np.nanargmax(row))] if np.isfinite(row).any() else None


def _bars(results: Results, table: Table, entry: Entry) -> go.Figure:
    marks = group_marks(results)
    rest = table[1:]
    labels = [f"{row['order']}. {row['model']}" for row in table]
    bars = go.Bar(
        x=[0, *(row["closest_above"] for row in rest)], y=labels, orientation="h", showlegend=False,
        marker={"color": [marks.get(fact_of(results, row["model"]).group, ("#888", ""))[0] for row in table]},
        text=["begins", *(f"{row['closest_above']:.2f} to {row['nearest']}" for row in rest)],
        textposition=["outside", *["auto"] * len(rest)],
        hovertemplate="<b>%{y}</b><br>%{text}<extra></extra>", insidetextanchor="end",
    )  # fmt: skip
    return figure(
        bars,
        height=max(300, 110 + 30 * len(table)),
        xaxis={"title": f"{title_of(entry.metric, entry.k)} to its closest above", "range": [0, 1.02]},
        yaxis={"automargin": True, "autorange": "reversed", "ticks": ""},
        margin={"l": 20, "r": 24, "t": 16, "b": 56},
    )


def _null_note(entry: Entry) -> str:
    values = entry.statistics.get("null_mean")
    null = None if values is None or np.isnan(values).all() else known(float(np.nanmean(values)))
    return "" if null is None else f"Unrelated vectors would have {null:.3f}."


def _split(key: str) -> tuple[str, int | None]:
    metric, _, k = key.partition("@")
    return metric, int(k) if k else None
