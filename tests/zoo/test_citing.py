"""What there is to cite, and what a deposit asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matterzoo import __version__
from matterzoo.catalogue import find
from matterzoo.citing import METRICS, bibliography, our_name, zenodo_metadata
from matterzoo_harness.metrics.presets import METRICS as THERE
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

ROOT = Path(__file__).resolve().parents[2]


def test_a_cards_own_entry_is_given_as_it_is_and_once() -> None:
    models = [find("chgnet-0.3.0"), find("chgnet-0.2.0")]
    text = bibliography(models)
    assert text.count("@article{deng_2023_chgnet") == 1
    assert text.count("@software{chgnet,") == 1


def test_a_model_without_a_publication_is_named_rather_than_passed_over() -> None:
    assert "% ecfp4: its card names no publication" in bibliography([find("ecfp4")])


def test_every_metric_can_be_cited_or_says_why_not() -> None:
    text = bibliography([find("ecfp4")], THERE)
    assert METRICS.keys() <= set(THERE)
    for metric in THERE:
        assert f"% {metric}:" in text or f"@misc{{{metric.replace('_', '-')}," in text


def test_a_metric_that_there_is_not_is_refused() -> None:
    with pytest.raises(MatterzooError) as caught:
        bibliography([], ["wrong"])
    assert caught.value.code == ExitCode.USAGE


def test_every_metric_s_source_is_the_one_that_the_documentation_names() -> None:
    sources = [ROOT / "docs" / "metrics.md", *(ROOT / "harness" / "matterzoo_harness" / "metrics").glob("*.py")]
    page = "".join(file.read_text() for file in sources)
    for who, year in METRICS.values():
        assert f"{who.removesuffix(' et al.')}" in page
        assert year in page


def test_a_deposits_metadata_says_what_was_left_out() -> None:
    content = json.loads(zenodo_metadata([find("chgnet-0.3.0")], ["the weights of foo"]))
    assert content["creators"] == [{"name": our_name()}]
    assert "the weights of foo" in content["description"]
    assert content["related_identifiers"][0]["scheme"] == "doi"


def test_the_repositorys_own_citation_agrees_with_its_distribution() -> None:
    lines = (ROOT / "CITATION.cff").read_text().splitlines()
    assert f"version: {__version__}" in lines
    assert f"  - name: {our_name()}" in lines


def test_bibtex_is_balanced() -> None:
    text = "\n".join(
        line for line in bibliography([find("chgnet-0.3.0")], THERE).splitlines() if not line.startswith("%")
    )
    assert text.count("{") == text.count("}")
