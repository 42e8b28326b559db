"""A reader opens the catalogue's site on a phone and at a desk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from matterzoo.site import write_site

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_site(tmp_path_factory.mktemp("site"))


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_no_page_scrolls_sideways_and_every_page_leads_back(chromium: Any, site: Path, width: int) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(site.as_uri())
    page.locator("#filter").fill("chgnet-0.3.0")
    page.locator("#models tbody tr:visible a").first.click()
    page.get_by_role("heading", name="Cite it").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("link", name="All models").click()
    page.locator("#filter").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
