"""A reader opens the report in Chromium: hovers, filters, sorts, switches theme and data set; nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_study import made, study

from matterzoo_harness.report.export import export
from matterzoo_harness.report.page import write_report
from matterzoo_harness.report.results import read_results

pytestmark = [pytest.mark.slow, pytest.mark.browser]
MEASURES = {"metrics": ("cknna", "mutual_knn", "information_imbalance", "id_mle"), "k": (5, 10), "permutations": 19,
            "subsample": 60, "seeds": (0, 1)}  # fmt: skip
WIDTHS = {"desk": 1280, "tablet": 768, "phone": 390}


class Reader:
    """A page, and all that it asked for and complained about."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, file: Path) -> None:
        self.page.goto(file.as_uri())
        self.page.wait_for_function("document.documentElement.dataset.ready === 'yes'")

    def see(self, panel: str) -> Any:
        """Scroll to a figure and wait until it is drawn."""
        section = self.page.locator(f"section#{panel}")
        section.scroll_into_view_if_needed()
        self.page.wait_for_function(f"document.querySelector('section#{panel}').dataset.drawn === 'yes'")
        return section


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    return write_report(made(folder, study(measures=MEASURES), failing={("out", "chgnet-0.2.0"): 1.0}), folder)


@pytest.fixture
def reader(chromium: Any, report: Path) -> Iterator[Reader]:
    page = chromium.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light", accept_downloads=True)
    read = Reader(page)
    read.open(report)
    yield read
    page.close()
    assert read.complaints == []
    assert [url for url in read.asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_hovering_names_the_pair_and_its_numbers(reader: Reader) -> None:
    section = reader.see("matrix")
    plot = section.locator(".plot .nsewdrag").first
    box = plot.bounding_box()
    assert box
    reader.page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.25)
    hover = section.locator(".hoverlayer")
    hover.get_by_text("CKNNA (k = 5):").wait_for()
    said = hover.text_content() or ""
    assert "·" in said
    assert "null" in said
    assert "q =" in said


def test_a_metric_can_be_chosen(reader: Reader) -> None:
    section = reader.see("matrix")
    before = reader.page.evaluate("document.querySelector('#matrix .plot').data[0].z[0][1]")
    section.locator("select").select_option(label="mutual k-NN (k = 5)")
    after = reader.page.evaluate("document.querySelector('#matrix .plot').data[0].z[0][1]")
    assert before != after


def test_the_data_set_can_be_switched_and_a_failed_model_is_gone_there(reader: Reader) -> None:
    reader.see("matrix")
    names = "document.querySelector('#matrix .plot').data[0].x"
    assert "chgnet-0.2.0" in reader.page.evaluate(names)
    reader.page.locator("fieldset.switch").get_by_text("Out").click()
    assert "chgnet-0.2.0" not in reader.page.evaluate(names)
    assert "no vector at all from chgnet-0.2.0" in reader.page.locator(".warnings").inner_text()


def test_the_theme_can_be_switched_and_figures_follow(reader: Reader) -> None:
    reader.see("matrix")
    colour = "document.querySelector('#matrix .plot')._fullLayout.font.color"
    light = reader.page.evaluate(colour)
    reader.page.get_by_role("button", name="Switch to the dark theme").click()
    assert reader.page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert reader.page.evaluate(colour) != light


def test_the_models_are_sorted_and_filtered(reader: Reader) -> None:
    table = reader.page.locator("#models")

    def shown() -> list[str]:
        return [row.split("\n")[0] for row in table.locator("tbody tr:visible td:first-child").all_inner_texts()]

    table.get_by_role("button", name="model", exact=True).click()
    names = shown()
    assert names == sorted(names)
    table.get_by_role("button", name="parameters").click()
    table.get_by_role("button", name="parameters").click()
    sizes = [float(v) for v in reader.page.evaluate(
        "[...document.querySelectorAll('#models tbody tr')].map(r => r.cells[4].dataset.value).filter(Boolean)")]  # fmt: skip
    assert sizes == sorted(sizes, reverse=True)
    reader.page.locator("#filter").fill("sevennet")
    assert set(shown()) == {"sevennet-0", "sevennet-l3i5"}
    assert reader.page.locator("#count").inner_text() == "2 shown"
    reader.page.locator("#filter").fill("")
    reader.page.locator("#group").select_option("chgnet")
    assert all(name.startswith("chgnet") for name in shown())


def test_the_numbers_beside_a_figure_are_downloaded(reader: Reader, report: Path) -> None:
    section = reader.see("matrix")
    with reader.page.expect_download() as started:
        section.get_by_role("button", name="save CSV").click()
    text = Path(started.value.path()).read_text("utf-8")
    assert text.splitlines()[0].startswith("metric,k,a,b,value")
    assert len(text.splitlines()) == 1 + 21
    with reader.page.expect_download() as started:
        section.get_by_role("button", name="save SVG").click()
    assert Path(started.value.path()).read_text("utf-8").startswith("<svg")


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_no_width_scrolls_sideways(reader: Reader, width: int) -> None:
    reader.page.set_viewport_size({"width": width, "height": 900})
    for panel in ("matrix", "nulls", "dimension", "tree"):
        reader.see(panel)
    assert reader.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_serious_barrier_for_readers_with_a_screen_reader(reader: Reader, theme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    reader.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    reader.page.reload()
    reader.page.wait_for_function("document.documentElement.dataset.ready === 'yes'")
    reader.see("matrix")
    found = Axe().run(reader.page).response["violations"]
    serious = {each["id"]: [node["html"][:120] for node in each["nodes"][:3]] for each in found
               if each["impact"] in ("serious", "critical")}  # fmt: skip
    assert serious == {}


def test_the_page_can_be_printed(reader: Reader) -> None:
    reader.page.emulate_media(media="print")
    reader.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    drawn = reader.page.evaluate(
        "[...document.querySelectorAll('section[data-figure]')].filter(s => s.dataset.drawn).length"
    )
    assert drawn > 8
    widths = "[...document.querySelectorAll('.plot:not([hidden]) .main-svg')].map(s => s.getBoundingClientRect().width)"
    assert max(reader.page.evaluate(widths)) <= 680, "A4 leaves 688 pixels between its margins: nothing is cut"
    assert reader.page.locator("nav.bar").is_hidden()
    assert len(reader.page.pdf()) > 100_000
    reader.page.emulate_media(media="screen")
    reader.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert max(reader.page.evaluate(widths)) > 800, "back on the screen a figure is as wide as its panel"


def test_an_empty_figure_is_one_sentence_without_a_frame_or_buttons(reader: Reader) -> None:
    section = reader.page.locator("section#layout")
    section.scroll_into_view_if_needed()
    section.get_by_text("This study has nothing of this kind.").wait_for()
    assert section.locator(".plot").is_hidden()
    assert section.locator(".saving button:visible").count() == 0
    assert section.locator(".reading").is_hidden()


def test_figures_are_written_for_a_paper_with_no_network(report: Path, tmp_path: Path) -> None:
    files = export(report, tmp_path, only=("matrix", "tree"))
    names = [file.name for file in files]
    assert len(set(names)) == len(names)
    assert {"made-matrix-in-cknna_5.svg", "made-matrix-in-cknna_5.png", "made-tree-in.svg"} <= set(names)
    text = (tmp_path / "made-matrix-in-cknna_5.svg").read_text("utf-8")
    assert text.startswith("<svg")
    assert "sevennet-l3i5" in text
    picture = (tmp_path / "made-matrix-in-cknna_5.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20], "big") == 3000, "wide enough for print"


def test_an_empty_report_opens_without_a_complaint(chromium: Any, tmp_path: Path) -> None:
    nothing = study(models=(), data=())
    page = chromium.new_page()
    read = Reader(page)
    read.open(write_report(read_results(nothing, tmp_path, lambda _: None), tmp_path))  # type: ignore[arg-type, return-value]
    assert "nothing to show" in page.locator(".answer").inner_text()
    page.close()
    assert read.complaints == []
