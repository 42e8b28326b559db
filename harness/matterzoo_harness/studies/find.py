"""Find a study: a file, or one that travels with the package, by name."""

from __future__ import annotations

from pathlib import Path

from matterzoo_harness.cards import read_toml
from matterzoo_harness.locations import own_zoos, packaged_studies
from matterzoo_harness.studies.schema import Study
from matterzoo_schemas.card import parse
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


def studies() -> dict[str, Path]:
    """Return every study's file by name, a user's own (`MATTERZOO_PATH`) before ours."""
    roots = [*(entry / "studies" for entry in own_zoos()), packaged_studies()]
    found: dict[str, Path] = {}
    for root in roots:
        for file in sorted(root.glob("*.toml")):
            found.setdefault(file.stem, file)
    return found


def find_study(name: str) -> tuple[Study, Path]:
    """Read a study.

    Parameters
    ----------
    name
        A file, or the name of one in a `studies` folder.

    Raises
    ------
    MatterzooError
        `INPUT_MISSING` if there is none; `BAD_CARD` naming every field in question.
    """
    there = studies()
    file = Path(name) if name.endswith(".toml") else there.get(name)
    if file is None or not file.is_file():
        raise MatterzooError(
            ExitCode.INPUT_MISSING, f"there is no study {name!r}", f"a .toml file, or one of: {', '.join(there)}"
        )
    return parse(Study, read_toml(file), file), file
