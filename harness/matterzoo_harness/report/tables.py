"""The tables of the page: models, failures, and where every number comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from matterzoo_harness.report.figures.choice import pick_table
from matterzoo_harness.report.results import Facts, Results
from matterzoo_harness.studies.coverage import Coverage


@dataclass(frozen=True)
class Column:
    """One column: its title, and whether it is sorted as a number."""

    title: str
    number: bool = False
    wide: bool = False


@dataclass(frozen=True)
class Cell:
    """What a cell shows, and what it is sorted by."""

    html: str
    value: str | float | None = None


def text(value: object) -> Cell:
    """Return a cell of plain text; empty for None."""
    return Cell("" if value is None else escape(str(value)))


def number(value: float | None, form: str = ",.0f") -> Cell:
    """Return a cell of a number; empty for None."""
    return Cell("", None) if value is None else Cell(format(value, form), float(value))


def code(value: str | None, length: int = 12) -> Cell:
    """Return a cell of a hash, cut, whole on hover and for copying."""
    if not value:
        return Cell("", None)
    return Cell(f'<code title="{escape(value)}">{escape(value[:length])}</code>', value)


def table(
    name: str, columns: Sequence[Column], rows: Sequence[tuple[Sequence[Cell], str]], *, label: str, tall: bool = True
) -> str:
    """Return a sortable table; each row comes with the attributes of its `<tr>`."""
    heads = "".join(
        f'<th scope="col"{_class(column)}><button type="button">{escape(column.title)}</button></th>'
        for column in columns
    )
    body = "".join(
        f"<tr{attributes}>{''.join(_td(c, cell) for c, cell in zip(columns, cells, strict=True))}</tr>"
        for cells, attributes in rows
    )
    tallness = " tall" if tall else ""
    return (
        f'<div class="scroll{tallness}" tabindex="0" role="region" aria-label="{escape(label)}">'
        f'<table class="sortable" id="{name}"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _class(column: Column) -> str:
    return ' class="number"' if column.number else ""


def _td(column: Column, cell: Cell) -> str:
    kind = ' class="number"' if column.number else ' class="wide"' if column.wide else ""
    value = "" if cell.value is None and not column.number else f' data-value="{escape(str(cell.value or ""))}"'
    if cell.value == 0:
        value = ' data-value="0"'
    return f"<td{kind}{value}>{cell.html}</td>"


def models_table(results: Results) -> str:
    """Return one row a model: what it is, what it covered, what it costs, where its numbers come from."""
    columns = [
        Column("model"), Column("group"), Column("reads"), Column("width", number=True),
        Column("parameters", number=True), Column("weights"), Column("licence"),
    ]  # fmt: skip
    picks = {each.data.name: {row["model"]: row for row in pick_table(results, each)} for each in results.data}
    for each in results.data:
        columns.append(Column(f"{each.data.title}: covered", number=True))
        columns.append(Column(f"{each.data.title}: agreement", number=True))
        columns.append(Column(f"{each.data.title}: records/s", number=True))
    rows = []
    for fact in results.facts.values():
        cells = [_name(fact), text(fact.group), *_facts(fact, results)]
        for each in results.data:
            found, pick = each.coverages.get(fact.id), picks[each.data.name].get(fact.id, {})
            rate = each.rates.get(fact.id)
            cells.append(Cell("", None) if found is None else _covered(found))
            cells.append(number(pick.get("agreement"), ".3f"))
            cells.append(number(None if rate is None else rate.records / max(rate.seconds, 1e-9), ",.1f"))
        rows.append((cells, f' data-group="{escape(fact.group)}"'))
    return table("models", columns, rows, label="Models of this study")


def _name(fact: Facts) -> Cell:
    shown = f"<strong>{escape(fact.id)}</strong>"
    if fact.name != fact.id:
        shown += f"<br><span>{escape(fact.name)}</span>"
    return Cell(shown, fact.id)


def _facts(fact: Facts, results: Results) -> list[Cell]:
    if not fact.known:
        return [text(None), number(None), number(None), Cell('<span class="tag">not in the zoo</span>'), text(None)]
    card = fact.card
    widths = {found.width for each in results.data if (found := each.coverages.get(fact.id)) and found.width}
    width = next(iter(widths), None)
    licence = card["licence"]["weights"] or card["licence"]["code"]
    weights = "trained"
    if fact.untrained:
        weights = "random weights" if card["id"].endswith("-random") else "nothing trained"
    shown = "" if licence is None else escape(str(licence))
    if card["licence"]["non_commercial"]:
        shown += ' <span class="tag">non-commercial</span>'
    return [text(card["view"]), number(width), number(fact.parameters), text(weights), Cell(shown)]


def _covered(found: Coverage) -> Cell:
    if found.problem:
        return Cell('<span class="tag">failed</span>', 0.0)
    mark = "" if found.compared else ' <span class="tag">not compared</span>'
    return Cell(f"{found.share:.0%}{mark}", found.share)


def failures_table(results: Results) -> str:
    """Return one row a model and data set where something is missing, and why; empty if nothing is."""
    columns = [Column("data set"), Column("model"), Column("embedded", number=True), Column("of", number=True),
               Column("why not", wide=True)]  # fmt: skip
    rows = []
    for each in results.data:
        for model, found in each.coverages.items():
            if found.problem or found.ok < found.records:
                why = found.problem or "; ".join(f"{count} × {reason}" for reason, count in found.reasons.items())
                cells = [text(each.data.title), text(model), number(found.ok), number(found.records), text(why)]
                rows.append((cells, ""))
    return table("failures", columns, rows, label="Records without a vector", tall=len(rows) > 12) if rows else ""


def origins_table(results: Results) -> str:
    """Return one row a model and data set: the hashes that its numbers rest on."""
    columns = [
        Column("data set"), Column("model"), Column("content key"), Column("data hash"), Column("weights hash"),
        Column("lock hash"), Column("adapter hash"), Column("image digest"), Column("recipe key"), Column("ran by"),
    ]  # fmt: skip
    rows = []
    for each in results.data:
        for model, found in each.coverages.items():
            if not found.header:
                continue
            made, fact, rate = found.header.get("made_of", {}), results.facts[model], each.rates.get(model)
            lock: dict[str, Any] = fact.card.get("lock", {})
            keys = lock.get("recipe_key") or {}
            device = "cuda" if str(made.get("device", "")).startswith("cuda") else "cpu"
            recipe = next((key for variant, key in sorted(keys.items()) if variant.startswith(device)), None)
            weights = made.get("checkpoint") or lock.get("weights_sha256")
            ran = "" if rate is None else f"{rate.runtime}, {rate.device}"
            cells = [
                text(each.data.title), text(model), code(found.header.get("key")), code(found.header.get("records")),
                code(weights), code(made.get("lock")), code(made.get("adapter")),
                code(lock.get("image_digest"), 19), code(recipe), text(ran),
            ]  # fmt: skip
            rows.append((cells, ""))
    return table("origins", columns, rows, label="Where every number comes from") if rows else ""
