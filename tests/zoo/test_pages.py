"""Pages made from the catalogue say what the catalogue says."""

from __future__ import annotations

from pathlib import Path

from matterzoo.catalogue import index
from matterzoo.missing import unlockable
from matterzoo.pages import conflicts_page, models_page
from matterzoo_harness.environments.clashes import Clash
from matterzoo_harness.environments.folder import find_environment

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_of_models_is_up_to_date() -> None:
    assert (DOCS / "models.md").read_text("utf-8") == models_page(index()), "matterzoo list --markdown > docs/models.md"


def test_every_environment_is_on_the_page_of_conflicts() -> None:
    page = (DOCS / "conflicts.md").read_text("utf-8")
    locked = {model["environment"] for model in index() if not unlockable(find_environment(model["environment"]))}
    assert locked <= set(page.replace("*", " ").replace("|", " ").split())


def test_every_pair_on_the_page_of_conflicts_was_asked() -> None:
    rows = [line for line in (DOCS / "conflicts.md").read_text("utf-8").splitlines() if line.startswith("| **")]
    cells = [[cell.strip() for cell in row.split("|")[2:-1]] for row in rows]
    assert [[column for column, cell in enumerate(row) if not cell] for row in cells] == [[n] for n in range(len(rows))]


def test_a_pair_that_excludes_each_other_is_marked_both_ways_with_the_reason() -> None:
    page = conflicts_page(
        [Clash("a", "b", "Because a needs c==1 and b needs c==2"), Clash("a", "d", ""), Clash("b", "d", "")]
    )
    assert "| **a** |  | ✗ | · |" in page
    assert "| **b** | ✗ |  | · |" in page
    assert "- **a, b**: Because a needs c==1 and b needs c==2" in page
