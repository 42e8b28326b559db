"""The page: one HTML file that holds all it shows; nothing is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from matterzoo_harness.report.figures.coverage import coverage_table
from matterzoo_harness.report.origins import origins
from matterzoo_harness.report.panels import PANELS
from matterzoo_harness.report.payload import as_csv, packed, payload
from matterzoo_harness.report.picture import ALL, Panel
from matterzoo_harness.report.results import Results
from matterzoo_harness.report.tables import failures_table, models_table
from matterzoo_harness.report.words import Answer, answer

CSS, JS = "style.css", "script.js"


def write_report(results: Results, folder: Path) -> Path:
    """Write `report.html`, and beside it `figures/`: the numbers of every figure as CSV.

    Parameters
    ----------
    results
        What to report; whatever is missing is said, not left out.
    folder
        The study's.

    Returns
    -------
    page
        The file; the rename is the commit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    panels = [make(results) for make in PANELS]
    _write_numbers(panels, folder / "figures")
    page, part = folder / "report.html", folder / ".report.html.part"
    part.write_text(html_page(results, panels), "utf-8")
    part.replace(page)
    return page


def html_page(results: Results, panels: Sequence[Panel]) -> str:
    """Return the whole page."""
    import plotly.offline

    said = answer(results)
    study = results.study
    first = next((each.data.name for each in results.compared), results.data[0].data.name if results.data else "")
    body = "".join(
        [
            _first_screen(results, said, panels),
            _bar(results, first),
            "<main>",
            *(_panel(panel) for panel in panels),
            _models(results),
            _failures(results),
            origins(results),
            "</main>",
            _footer(results),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en" data-theme="light"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(study.title)}</title><style>{_own(CSS)}</style></head>'
        f'<body data-first="{escape(first)}" data-study="{escape(study.id)}">{body}'
        f'<script type="application/octet-stream" id="payload">{payload(panels)}</script>'
        f'<script type="application/octet-stream" id="library">{packed(plotly.offline.get_plotlyjs())}</script>'
        f"<script>{_own(JS)}</script></body></html>\n"
    )


def _write_numbers(panels: Sequence[Panel], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.csv"):
        old.unlink()
    for panel in panels:
        rows = [
            {**({} if data == ALL else {"data": data}), **({"shown": option} if option else {}), **row}
            for data, choices in panel.pictures.items()
            for option, picture in choices.items()
            for row in picture.table
        ]
        if rows:
            (folder / f"{panel.id}.csv").write_text(as_csv(rows), "utf-8")


def _own(name: str) -> str:
    return (files("matterzoo_harness.report") / name).read_text("utf-8")


def _first_screen(results: Results, said: Answer, panels: Sequence[Panel]) -> str:
    study = results.study
    source = f" · {escape(study.source)}" if study.source else ""
    count = len(results.facts)
    sets = ", ".join(f"{escape(each.data.title)} ({each.records:,})" for each in results.data) or "no data set"
    parts = [
        f'<header class="first"><p class="kicker">{escape(study.title)}{source} · {count} models · {sets}</p>',
    ]
    parts.append(f"<h1>{escape(study.question)}</h1>")
    parts.append(f'<p class="answer">{escape(said.headline)}</p>')
    if said.numbers:
        cards = "".join(f"<div><dt>{escape(value)}</dt><dd>{escape(what)}</dd></div>" for value, what in said.numbers)
        parts.append(f'<dl class="numbers">{cards}</dl>')
    if said.sentences:
        parts.append(f'<ul class="support">{"".join(f"<li>{escape(line)}</li>" for line in said.sentences)}</ul>')
    if said.warnings:
        parts.append(f'<ul class="warnings">{"".join(f"<li>{escape(line)}</li>" for line in said.warnings)}</ul>')
    links = [(panel.id, panel.title) for panel in panels]
    links += [("models-section", "Models"), ("failures-section", "What failed"), ("origins-section", "Origins")]
    items = "".join(f'<li><a href="#{name}">{escape(title)}</a></li>' for name, title in links)
    return "".join(parts) + f'<ul class="contents">{items}</ul></header>'


def _bar(results: Results, first: str) -> str:
    switch = "".join(
        f'<label><input type="radio" name="data" value="{escape(each.data.name)}"'
        f"{' checked' if each.data.name == first else ''}><span>{escape(each.data.title)}</span></label>"
        for each in results.data
    )
    chooser = f'<fieldset class="switch"><legend>Data set</legend>{switch}</fieldset>' if switch else ""
    return (
        f'<nav class="bar" aria-label="Report"><div>{chooser}<span class="spacer"></span>'
        '<a href="#models-section">Models</a><a href="#origins-section">Origins</a>'
        '<button type="button" id="theme">Dark</button></div></nav>'
    )


def _panel(panel: Panel) -> str:
    choice = ""
    if panel.choice:
        label = escape(f"{panel.title}: {panel.choice}")
        choice = f'<label>{escape(panel.choice)} <select aria-label="{label}"></select></label>'
    saving = "".join(
        f'<button type="button" data-do="{kind}" aria-label="{escape(panel.title)}: save {kind.upper()}">'
        f"{kind.upper()}</button>"
        for kind in ("csv", "svg", "png")
    )
    absent = "" if panel.pictures else ' data-absent="This study has nothing of this kind."'
    square = ' data-square="yes"' if panel.id in ("matrix", "condensed", "plane") else ""
    return (
        f'<section class="panel" id="{panel.id}" data-figure="yes"{absent}{square}><h2>{escape(panel.title)}</h2>'
        f'<p class="lead">{escape(panel.lead)}</p><p class="reading">{escape(panel.reading)}</p>'
        f'<div class="tools">{choice}<span class="spacer"></span><span class="saving">{saving}</span></div>'
        f'<div class="sideways" tabindex="0" role="region" aria-label="{escape(panel.title)}, figure">'
        f'<div class="plot" role="img" aria-label="{escape(panel.lead)} The numbers are in its CSV."></div></div>'
        '<p class="empty" hidden></p><p class="note"></p></section>'
    )


def _models(results: Results) -> str:
    groups = "".join(
        f"<option>{escape(group)}</option>" for group in dict.fromkeys(fact.group for fact in results.facts.values())
    )
    tools = (
        '<div class="tools"><label>filter <input type="search" id="filter" placeholder="name, licence, …"></label>'
        f'<label>group <select id="group"><option value="">all</option>{groups}</select></label>'
        '<span id="count" class="note" role="status"></span></div>'
    )
    content = tools + models_table(results) if results.facts else '<p class="empty">This study names no model.</p>'
    return (
        '<section class="panel long" id="models-section"><h2>Models</h2><p class="lead">Everything that a choice rests '
        'on.</p><p class="reading">Agreement is the mean with the other trained models. Click a title to sort.</p>'
        f"{content}</section>"
    )


def _failures(results: Results) -> str:
    found = failures_table(results)
    asked = len(coverage_table(results))
    content = found or f'<p class="empty">Every record has a vector from every model ({asked} files of embeddings).</p>'
    if not asked:
        content = '<p class="empty">Nothing was embedded yet.</p>'
    return (
        '<section class="panel long" id="failures-section"><h2>What failed</h2><p class="lead">Every model and data '
        f"set with a record that has no vector, and why.</p>{content}</section>"
    )


def _footer(results: Results) -> str:
    from importlib.metadata import version

    return (
        f"<footer>Made by matterzoo {escape(version('matterzoo'))} from the study “{escape(results.study.id)}”. This "
        "page holds all that it shows and fetches nothing. The numbers of every figure, with all digits, are in "
        "figures/.</footer>"
    )
