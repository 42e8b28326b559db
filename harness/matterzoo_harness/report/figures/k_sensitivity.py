"""Whether the choice of k changes who is alike."""

from __future__ import annotations

from scipy.stats import kendalltau

from matterzoo_harness.metrics.result import Comparison, Entry
from matterzoo_harness.report.figures.common import closeness, figure, known, pair_lines, pairs
from matterzoo_harness.report.names import title_of
from matterzoo_harness.report.picture import Panel, Picture
from matterzoo_harness.report.results import Results

METRICS = ("cknna", "mutual_knn", "information_imbalance")


def k_sensitivity(results: Results) -> Panel:
    """Return alignment against k, of each data set, by metric."""
    pictures: dict[str, dict[str, Picture]] = {}
    for each in results.compared:
        comparison = each.comparison
        if comparison is None:
            continue
        found = {}
        for metric in METRICS:
            entries = sorted((e for e in comparison.entries if e.metric == metric), key=lambda e: e.k or 0)
            if len(entries) > 1:
                found[title_of(metric)] = _against_k(comparison, entries)
        if found:
            pictures[each.data.name] = found
    return Panel(
        "k",
        "Does k matter",
        "Alignment of every pair against the number of neighbours.",
        "Lines that do not cross keep the order of the pairs; the note says how well order survives.",
        pictures,
        "metric",
    )


def _against_k(comparison: Comparison, entries: list[Entry]) -> Picture:
    names = comparison.names
    near = closeness(entries[0])
    order = sorted(pairs(names), key=lambda pair: -(near[pair] if near[pair] == near[pair] else -9))
    ks = [entry.k for entry in entries]
    values = {pair: [known((e.values[pair] + e.values[pair[::-1]]) / 2) for e in entries] for pair in order}
    table = [
        {"metric": entries[0].metric, "k": k, "a": names[i], "b": names[j], "value": value}
        for i, j in order
        for k, value in zip(ks, values[i, j], strict=True)
    ]
    drawn = {f"{names[i]} · {names[j]}": (ks, values[i, j]) for i, j in order}
    made = figure(
        *pair_lines(drawn, "k = %{x}: %{y:.4f}"),
        height=500,
        xaxis={"title": "k", "type": "log", "tickvals": ks, "ticktext": [str(k) for k in ks]},
        yaxis={"title": title_of(entries[0].metric)},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "font": {"size": 11}},
        margin={"l": 64, "r": 24, "t": 16, "b": 60},
    )
    return Picture(made, table, _order_kept(entries, order))


def _order_kept(entries: list[Entry], order: list[tuple[int, int]]) -> str:
    first, last = (closeness(entry) for entry in (entries[0], entries[-1]))
    both = [(first[p], last[p]) for p in order if first[p] == first[p] and last[p] == last[p]]
    if len(both) < 3:
        return ""
    tau = float(kendalltau([a for a, _ in both], [b for _, b in both]).statistic)
    return f"Kendall's τ between the orders of pairs at k = {entries[0].k} and k = {entries[-1].k}: {tau:.2f}."
