"""`schemas`: the JSON Schema of cards and environments, so that editors complete and check them."""

from __future__ import annotations

import json
from pathlib import Path

import typer


def schemas(
    out: Path = typer.Argument(..., help="Folder of the five files."),
    check: bool = typer.Option(False, "--check", help="Write nothing; fail if a file there is out of date."),
) -> int:
    """Export the JSON Schemas of card.toml, environment.toml, lock.json and of studies and data sets."""
    from matterzoo_harness.datasets.card import DatasetCard
    from matterzoo_harness.studies.schema import Study
    from matterzoo_schemas.card import ModelCard
    from matterzoo_schemas.environment import Environment
    from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
    from matterzoo_schemas.lock import ModelLock

    for name, model in (
        ("card", ModelCard),
        ("environment", Environment),
        ("lock", ModelLock),
        ("study", Study),
        ("dataset", DatasetCard),
    ):
        file = out / f"{name}.schema.json"
        text = json.dumps(model.model_json_schema(), indent=2, sort_keys=True) + "\n"
        if check and (not file.exists() or file.read_text("utf-8") != text):
            raise MatterzooError(ExitCode.BAD_CARD, f"{file} is out of date", f"matterzoo schemas {out}")
        if not check:
            file.write_text(text, "utf-8")
            print(file)
    return 0
