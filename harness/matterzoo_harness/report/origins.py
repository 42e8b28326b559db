"""Where every number comes from: hashes of weights, data, lock and adapter, and the settings of every comparison."""

from __future__ import annotations

import json
from html import escape

from matterzoo_harness.datasets.card import find_dataset
from matterzoo_harness.datasets.fetch import measured
from matterzoo_harness.report.names import key_title
from matterzoo_harness.report.results import DataResults, Results
from matterzoo_harness.report.tables import origins_table
from matterzoo_schemas.exit_codes import MatterzooError


def origins(results: Results) -> str:
    """Return the page's last section: hashes, settings, and the study as it was declared."""
    settings = "".join(_settings(each) for each in results.data)
    declared = escape(
        json.dumps(results.study.model_dump(mode="json", exclude_defaults=True), indent=1, ensure_ascii=False)
    )
    rows = origins_table(results) or '<p class="empty">There are no embeddings yet.</p>'
    return (
        '<section class="panel long" id="origins-section"><h2>Where every number comes from</h2>'
        '<p class="lead">The hashes of weights, data, lock, adapter and image behind each file of embeddings, and what '
        "was computed with which "
        'settings.</p><p class="reading">Hover for the whole hash. An empty cell is something that was not recorded: '
        "weights inside a package are pinned by the lock's hash; an image digest stands only where two builds agreed."
        f"</p>{rows}{settings}<details><summary>The study as it was declared</summary>"
        f'<pre tabindex="0"><code>{declared}</code></pre></details></section>'
    )


def _settings(each: DataResults) -> str:
    facts: dict[str, object] = {
        "source": each.data.source, "records": f"{each.records:,}", "the source has": each.sample.get("available"),
        "repeat another record": each.sample.get("repeats"), "data hash": each.sample.get("key"),
    }  # fmt: skip
    facts |= _published(each.data.source)
    if each.problem:
        facts["not compared"] = each.problem
    if each.comparison is not None:
        about = each.comparison.provenance
        for name in ("preset", "precision", "records", "joined_by", "device", "torch", "seed", "inputs_sha256"):
            if name in about:
                facts[f"comparison: {name}"] = about[name]
        for name, value in (about.get("calibration") or {}).items():
            facts[f"calibration: {name}"] = value
        views = {key_title(e.key): f"{e.view}; {e.estimator}" for e in each.comparison.entries}
        facts |= views
        facts |= {f"note {n}": note for n, note in enumerate(about.get("notes", []), 1)}
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in facts.items() if value is not None
    )
    title = escape(f"{each.data.title}: settings and notes")
    return f'<details><summary>{title}</summary><dl class="facts">{rows}</dl></details>'


def _published(source: str) -> dict[str, object]:
    """Return what the card of a public data set says of it, and the hashes of its files; empty for other sources."""
    if not source.startswith("dataset:"):
        return {}
    try:
        card = find_dataset(source.removeprefix("dataset:"))
    except MatterzooError as error:
        return {"its card": error.message}
    files = measured(card)
    return {
        "published as": card.name, "page": card.page, "revision": card.revision, "level of theory": card.level,
        "licence": card.licence or "not stated in its card", "gated": "yes" if card.gated else "no",
        **{f"sha256 of {url}": sha256 for url, sha256 in files.items()},
    }  # fmt: skip
