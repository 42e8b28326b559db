"""How to cite models, and what software they stand on: BibTeX, and metadata of a deposit."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.metadata import metadata, version

from matterzoo_harness.model import Model


def bibliography(models: Sequence[Model]) -> str:
    """Return BibTeX of models: each card's own entry, a DOI where it has no more; each entry once.

    A model without anything to cite is named in a comment: silence would look like completeness.
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
    return "\n\n".join([*entries, *comments, software_entry()]) + "\n"


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
