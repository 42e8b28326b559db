"""The catalogue as pages: every model has one, with what its card and lock say; nothing is fetched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from matterzoo.catalogue import find
from matterzoo.site import index_page, model_page, write_site

ROW = {"id": "sevennet-0", "state": "verified", "missing": None}


def test_a_model_s_page_has_its_state_layers_environment_hashes_and_citation() -> None:
    model, page = find("sevennet-0"), model_page(ROW)
    assert "<dt>state</dt><dd>verified</dd>" in page
    assert "matterzoo run sevennet-0 my-file" in page
    assert all(layer.name in page for layer in model.card.embedding.layers)
    assert all(sha256 in page for sha256 in model.lock.environment_sha256.values())
    assert str(model.card.citation.doi) in page
    assert str(model.lock.weights_sha256) in page


def test_an_option_is_shown_as_a_command() -> None:
    assert "matterzoo run uma-s-1p1 my-file --option task=" in model_page({**ROW, "id": "uma-s-1p1"})


def test_a_page_names_no_host_that_it_would_ask() -> None:
    page = model_page(ROW)
    assert not re.findall(r'(?:src|href)="https?://|@import|url\(', page)


@pytest.mark.usefixtures("private_zoo")
def test_a_card_that_cannot_be_read_has_a_row_and_a_page_that_say_so() -> None:
    row = {"id": "no-such-model", "state": "invalid", "reason": "there is no model", "missing": None}
    assert "there is no model" in index_page([row])
    assert "cannot be read" in model_page(row)


def test_the_first_page_says_in_words_where_the_models_stand() -> None:
    rows = [{"id": f"m{n}", "state": "invalid", "reason": "no card", "missing": None} for n in range(3)]
    assert "3 whose card cannot be read." in index_page(rows)


@pytest.mark.slow
def test_every_model_has_a_page_and_none_is_left_over(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "long-gone.html").write_text("")
    first = write_site(tmp_path).read_text("utf-8")
    linked = set(re.findall(r'href="(models/[^"]+)"', first))
    assert linked == {f"models/{file.name}" for file in (tmp_path / "models").iterdir()}
    assert "models/sevennet-0.html" in linked
