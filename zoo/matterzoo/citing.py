"""How to cite models, and what software they stand on: BibTeX, and metadata of a deposit."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.metadata import metadata, version

from packaging.utils import canonicalize_name

from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.environments.lockfile import read_lock
from matterzoo_harness.model import Model
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

METRICS = {
    "cknna": ("Huh et al.", "2024"), "mutual_knn": ("Huh et al.", "2024"),
    "cka_linear_unbiased": ("Song et al.", "2012"), "cka_rbf_unbiased": ("Song et al.", "2012"),
    "dcor": ("Székely et al.", "2007"), "dcor_sqr": ("Székely et al.", "2007"),
    "dcor_sqr_unbiased": ("Székely and Rizzo", "2014"), "information_imbalance": ("Glielmo et al.", "2022"),
    "id_correlation": ("Basile et al.", "2025"), "id_twonn": ("Facco et al.", "2017"),
    "id_mle": ("Levina and Bickel", "2004"), "id_gride": ("Denti et al.", "2022"),
}  # fmt: skip
"""Whose estimator each metric is, as docs/metrics.md says; the others are of common knowledge."""


def bibliography(models: Sequence[Model], metrics: Sequence[str] = ()) -> str:
    """Return BibTeX of models, of what they run on, of metrics, and of ourselves; each entry once.

    A card's own entry, or its DOI where it has no more. A model without anything to cite is named in a comment: silence
    would look like completeness.

    Raises
    ------
    MatterzooError
        `USAGE` for a metric that there is not.
    """
    entries: dict[str, str] = {}
    absent = []
    for model in models:
        citation = model.card.citation
        if citation.bibtex:
            entries.setdefault(citation.bibtex.strip(), "")
        elif citation.doi:
            key = re.sub(r"[^a-z0-9]+", "-", model.id)
            entries.setdefault(
                f"@misc{{{key},\n    title={{{{{model.card.name}}}}},\n    DOI={{{citation.doi}}}\n}}", ""
            )
        elif not model.card.random_weights:
            absent.append(model.id)
    comments = [f"% {name}: its card names no publication" for name in absent]
    packages = dict.fromkeys(entry for model in models for entry in package_entries(model.card.environment))
    sources = dict.fromkeys(entry for metric in metrics for entry in metric_entries(metric))
    return "\n\n".join([*entries, *comments, *packages, *sources, software_entry()]) + "\n"


def package_entries(environment: str) -> list[str]:
    """Return an entry for each package that an environment names itself, in its locked version."""
    folder = find_environment(environment)
    try:
        locked = {pin.name: pin.version for pin in read_lock(folder.lock(next(iter(folder.environment.variants))))}
        lines = (folder.path / "requirements.in").read_text("utf-8").splitlines()
    except (MatterzooError, OSError):
        return []  # not locked yet: no version is known
    names = [canonicalize_name(found[0]) for line in lines if (found := re.match(r"[A-Za-z0-9._-]+", line))]
    return [_entry("software", name, title=name, version=locked[name]) for name in names if name in locked]


def metric_entries(metric: str) -> list[str]:
    """Return whose estimator a metric is: authors and year, which docs/metrics.md derives it from.

    Raises
    ------
    MatterzooError
        `USAGE` if there is no such metric.
    """
    from matterzoo_harness.metrics.presets import METRICS as THERE

    if metric not in THERE:
        raise MatterzooError(ExitCode.USAGE, f"there is no metric {metric!r}; there is: {', '.join(THERE)}")
    if metric not in METRICS:
        return [f"% {metric}: no single publication; docs/metrics.md derives it"]
    who, year = METRICS[metric]
    return [_entry("misc", metric.replace("_", "-"), author=f"{{{who}}}", year=year, note=f"{metric}, docs/metrics.md")]


def our_name() -> str:
    """Return who made matterzoo, as its distribution says."""
    return metadata("matterzoo")["Author"]


def software_entry() -> str:
    """Return matterzoo's own entry."""
    who = f"{{{our_name()}}}"
    return _entry("software", "matterzoo", title="matterzoo", author=who, version=version("matterzoo"))


def _entry(kind: str, key: str, **fields: str) -> str:
    lines = ",\n".join(f"    {name}={{{value}}}" for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}\n}}"


def zenodo_metadata(models: Sequence[Model], left_out: Sequence[str]) -> bytes:
    """Return `.zenodo.json` for an archive: what a deposit asks for, as far as the cards know it."""
    names = ", ".join(model.card.name for model in models)
    people = dict.fromkeys(person for model in models for person in model.card.people)
    licences = sorted({found for m in models for found in (m.card.licence.code, m.card.licence.weights) if found})
    dois = dict.fromkeys(model.card.citation.doi for model in models if model.card.citation.doi)
    families = dict.fromkeys(model.card.family for model in models)
    lines = [f"{model.card.name}: {model.card.summary}" for model in models]
    lines.append("Packages, base, weights, worker, golden vectors and an image; README.md says how to run it.")
    lines += [f"Left out: {what}." for what in left_out]
    lines += [f"Licences of code and weights: {', '.join(licences)}; of the packages: licences/."] if licences else []
    content = {
        "title": f"{names}: a runnable archive",
        "upload_type": "software",
        "description": "\n".join(f"<p>{line}</p>" for line in lines),
        "creators": [{"name": our_name()}],
        "contributors": [{"name": person, "type": "Researcher"} for person in people],
        "keywords": ["embeddings", "foundation models", "reproducibility", *families],
        "related_identifiers": [{"identifier": doi, "relation": "isDerivedFrom", "scheme": "doi"} for doi in dois],
        "version": version("matterzoo"),
    }  # fmt: skip
    return (json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
