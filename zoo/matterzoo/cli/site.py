"""`site`: the catalogue as pages."""

from __future__ import annotations

from pathlib import Path

import typer


def site(out: Path = typer.Option(Path("site"), "--out", "-o", help="Folder of the pages.")) -> int:
    """Write the catalogue as a static site: a table of all models, and a page a model."""
    from matterzoo.site import write_site

    print(write_site(out))
    return 0
