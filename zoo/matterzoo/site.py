"""The catalogue as a static site: a table of all models, and a page a model; nothing is fetched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from matterzoo.catalogue import find, index
from matterzoo.states import RANDOM
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.model import Model
from matterzoo_harness.report.tables import Cell, Column, code, number, table, text
from matterzoo_schemas.exit_codes import MatterzooError

STATES = {
    "verified": "verified against golden vectors",
    "contract": "checked",
    RANDOM: "checked with random weights, for theirs were not fetched yet",
    "built": "built, not checked yet",
    "locked": "with a locked environment, not checked yet",
    "carded": "with a card only",
    "invalid": "whose card cannot be read",
}
"""How far up the ladder a model came, in words."""


def write_site(folder: Path) -> Path:
    """Write `index.html` and `models/<id>.html`.

    Parameters
    ----------
    folder
        Where to; pages of models that are no more are removed.

    Returns
    -------
    page
        The first one.
    """
    pages = folder / "models"
    pages.mkdir(parents=True, exist_ok=True)
    rows = index()
    for row in rows:
        (pages / f"{row['id']}.html").write_text(model_page(row), "utf-8")
    for old in pages.glob("*.html"):
        if old.stem not in {row["id"] for row in rows}:
            old.unlink()
    first = folder / "index.html"
    first.write_text(index_page(rows), "utf-8")
    return first


def index_page(rows: Sequence[dict[str, Any]]) -> str:
    """Return the table of all models."""
    columns = [
        Column("model", wide=True), Column("family"), Column("reads"), Column("width", number=True),
        Column("parameters", number=True), Column("energy"), Column("state"), Column("licence of the weights"),
        Column("environment"),
    ]  # fmt: skip
    body = [(_cells(row), f' data-group="{escape(str(row.get("view", "")))}"') for row in rows]
    views = "".join(f"<option>{escape(view)}</option>" for view in sorted({row.get("view", "") for row in rows} - {""}))
    tools = (
        '<div class="tools"><label>filter <input type="search" id="filter" placeholder="name, state, …"></label>'
        f'<label>reads <select id="group"><option value="">all</option>{views}</select></label>'
        '<span id="count" class="note" role="status"></span></div>'
    )
    head = (
        f'<header class="first"><p class="kicker">matterzoo</p><h1>{len(rows)} models of matter</h1>'
        f'<p class="answer">{escape(_standing(rows))}.</p></header>'
    )
    content = (
        f'<section class="panel long">{tools}{table("models", columns, body, label="All models", tall=False)}</section>'
    )
    return _page("matterzoo: models", head, content, "", wide=True)


def _standing(rows: Sequence[dict[str, Any]]) -> str:
    """Say how many models stand where, the highest first."""
    counts = Counter(str(row["state"]) for row in rows)
    order = [*(state for state in STATES if state in counts), *(state for state in counts if state not in STATES)]
    return ", ".join(f"{counts[state]} {STATES.get(state, state)}" for state in order)


def _cells(row: dict[str, Any]) -> list[Cell]:
    name = escape(row["id"])
    said = escape(str(row.get("summary") or row.get("reason") or ""))
    link = Cell(f'<a href="models/{name}.html"><strong>{name}</strong></a><br>{said}', row["id"])
    if row["state"] == "invalid":
        return [link, *[text(None)] * 2, *[number(None)] * 2, text(None), text("invalid"), *[text(None)] * 2]
    licence = escape(str(row["licence"] or ""))
    licence += ' <span class="tag">non-commercial</span>' if row["non_commercial"] else ""
    return [
        link, text(row["family"]), text(row["view"]), number(row["dim"]), number(row["parameters"]),
        text("eV" if row["energy"] else None), text(row["state"]), Cell(licence), text(row["environment"]),
    ]  # fmt: skip


def model_page(row: dict[str, Any]) -> str:
    """Return one model's page: what it is, its state, layers, environment and hashes, how to run and to cite it."""
    try:
        model = find(row["id"])
    except MatterzooError as error:
        head = _head(row["id"], row["id"], "This model's card cannot be read.")
        return _page(row["id"], head, f'<section class="panel"><p>{escape(error.message)}</p></section>', "../")
    card = model.card
    head = _head(card.name, card.id, card.summary)
    sections = [
        _section("State", _facts(_state(model, row))),
        _section("Run it", f'<pre tabindex="0"><code>{escape(_commands(model))}</code></pre>'),
        _section("Layers", _layers(model)),
        _section("What it is", _facts(_about(model))),
        _section("Environment", _environment(model)),
        _section("Licence", _facts(_licence(model))),
        _section("Cite it", _citation(model)),
    ]
    return _page(card.name, head, "".join(sections), "../")


def _head(title: str, kicker: str, said: str) -> str:
    return (
        f'<header class="first"><p class="kicker">{escape(kicker)}</p><h1>{escape(title)}</h1>'
        f'<p class="answer">{escape(said)}</p></header>'
    )


def _state(model: Model, row: dict[str, Any]) -> dict[str, object]:
    lock = model.lock
    verified = [f"{each.date}, {each.device}, {each.level}: {each.grade}" for each in lock.verified]
    return {
        "state": row["state"],
        "what is missing": row["missing"],
        "lifecycle": model.card.lifecycle.value,
        "checked": "; ".join(verified) or None,
        "weights hash": lock.weights_sha256,
        "checkpoint hash": model.card.checkpoint.sha256 or (lock.checkpoint.sha256 if lock.checkpoint else None),
        "adapter hash": lock.adapter_sha256,
        "image digest": lock.image_digest,
        "golden vectors": lock.golden_sha256,
    }


def _commands(model: Model) -> str:
    lines = [f"matterzoo run {model.id} my-file", f"matterzoo run {model.id} my-file --dry-run"]
    lines += [f"matterzoo run {model.id} my-file --option {name}={value}"
              for name, option in model.card.options.items() for value in option.allowed[:1]]  # fmt: skip
    return "\n".join([*lines, "", "import matterzoo as mz", f'answer = mz.embed("{model.id}", inputs)'])


def _layers(model: Model) -> str:
    columns = [Column("layer"), Column("width", number=True), Column("a vector a"), Column("symmetry"),
               Column("what it is", wide=True)]  # fmt: skip
    rows = []
    for layer in model.card.embedding.layers:
        name = f"{layer.name} (default)" if layer.name == model.card.embedding.default else layer.name
        cells = [text(name), number(layer.dim), text(layer.node_kind or layer.level), text(layer.symmetry),
                 text(layer.summary)]  # fmt: skip
        rows.append((cells, ""))
    return table("layers", columns, rows, label="Layers", tall=False)


def _about(model: Model) -> dict[str, object]:
    card = model.card
    return {
        "family": card.family,
        "reads": card.view.value,
        "pooling": card.embedding.pooling,
        "parameters": None if card.training.parameters is None else f"{card.training.parameters:,}",
        "trained on": ", ".join(card.training.data_sets) or None,
        "level of theory": card.training.level_of_theory,
        "energies": f"yes, {card.energy.package_unit} in its package" if card.energy.available else "no",
        "weights": "random, from its constructor, or nothing to learn"
        if card.random_weights
        else card.checkpoint.source,
        "repository": card.checkpoint.repo,
        "gated": "yes" if card.checkpoint.gated else None,
        "by": ", ".join(card.people) or None,
    }


def _environment(model: Model) -> str:
    try:
        folder = find_environment(model.card.environment)
    except MatterzooError as error:
        return f"<p>{escape(error.message)}</p>"
    asked = (folder.path / "requirements.in").read_text("utf-8")
    facts = _facts({"name": model.card.environment, "Python": folder.environment.python,
                    "variants": ", ".join(folder.environment.variants)})  # fmt: skip
    hashes = "".join(f"<dt>{escape(name)}</dt><dd>{code(sha256, 64).html}</dd>"
                     for name, sha256 in sorted(model.lock.environment_sha256.items()))  # fmt: skip
    return f'{facts}<dl class="facts">{hashes}</dl><pre tabindex="0"><code>{escape(asked)}</code></pre>'


def _licence(model: Model) -> dict[str, object]:
    licence = model.card.licence
    use = {True: "forbids commercial use", False: "does not forbid commercial use", None: None}
    return {"code": licence.code, "weights": licence.weights, "the weights' licence": use[licence.non_commercial]}


def _citation(model: Model) -> str:
    citation = model.card.citation
    facts = _facts({"DOI": citation.doi})
    entry = f'<pre tabindex="0"><code>{escape(citation.bibtex.strip())}</code></pre>' if citation.bibtex else ""
    return facts + entry or '<p class="empty">Its card names no citation.</p>'


def _facts(facts: dict[str, object]) -> str:
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in facts.items() if value is not None
    )
    return f'<dl class="facts">{rows}</dl>' if rows else ""


def _section(title: str, content: str) -> str:
    return f'<section class="panel long"><h2>{escape(title)}</h2>{content}</section>'


def _page(title: str, head: str, content: str, root: str, *, wide: bool = False) -> str:
    style, script = (
        (files("matterzoo_harness.report") / name).read_text("utf-8") for name in ("style.css", "script.js")
    )
    bar = (
        f'<nav class="bar" aria-label="Site"><div><a href="{root}index.html">All models</a><span class="spacer"></span>'
        '<button type="button" id="theme">Dark</button></div></nav>'
    )
    body = '<body class="wide">' if wide else "<body>"
    return (
        '<!doctype html>\n<html lang="en" data-theme="light"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{style}</style></head>{body}{head}{bar}<main>{content}</main>"
        f"<script>{script}</script></body></html>\n"
    )
