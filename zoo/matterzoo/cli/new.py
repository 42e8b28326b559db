"""`new`: a model's files, ready to be filled in."""

from __future__ import annotations

from pathlib import Path

import typer

from matterzoo.cli import console


def new(
    model: str = typer.Argument("", help="The new model's id.", show_default=False),
    like: str = typer.Option("chgnet", "--like", help="A family or a model whose view (and card) it takes."),
    package: str = typer.Option("", "--package", help="For a new family: what brings it, such as mace-torch==0.3.16."),
    family: str = typer.Option("", "--family", help="For a new family: its name; by default the id's first word."),
    weights: str = typer.Option(
        "", "--weights", help="A URL, hf:OWNER/NAME/FILE, package:FILE, a local file; without: the untrained twin."
    ),
    into: Path = typer.Option(None, "--into", help="A private zoo's folder instead of this checkout."),
    json: bool = typer.Option(False, "--json", help="Write the list of files as JSON."),
) -> int:
    """Write a new model's card; with --package a whole family: card, untrained twin, adapter, environment."""
    from matterzoo.scaffold import new_model

    files = new_model(model, like, family=family, package=package, weights=weights, into=into)
    if json:
        console.emit([str(file) for file in files])
        return 0
    for file in files:
        print(file)
    if into:
        console.say(f"\n  export MATTERZOO_PATH={into.absolute()}")
    console.say("\nfill them in, then:")
    family_name = next((file.parent.name for file in files if file.name == "requirements.in"), "")
    steps = [f"lock {family_name}", f"lock {family_name}-random", f"check {family_name}-random --runtime venv --record"]
    trained = [f"lock {model}", f"golden {model}", f"check {model} --level golden --record"]
    for step in ["lint", *(steps if package else []), *(trained if weights else [])]:
        console.say(f"  matterzoo {step}")
    return 0
