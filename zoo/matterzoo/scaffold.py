"""`new`: the files of a model, or of a whole family, with what is known filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matterzoo.catalogue import cards, find, zoos
from matterzoo_harness.locations import own_zoos
from matterzoo_harness.model import Model
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

TEMPLATES = Path(__file__).parent / "templates"
SCHEMA = "#:schema ../../../schemas/card.schema.json\n\n"
"""Lets an editor complete and check a card; a private zoo has no such file beside it."""


@dataclass(frozen=True)
class Places:
    """Where a zoo keeps its files; `references` only where it has tests."""

    models: Path
    adapters: Path
    containers: Path
    references: Path | None


def new_model(
    name: str, like: str, *, family: str = "", package: str = "", weights: str = "", into: Path | None = None
) -> list[Path]:
    """Write the files of a new model.

    Parameters
    ----------
    name
        The model's id.
    like
        A model's id or a family: whose view, and (without `package`) whose card, adapter and environment it takes.
    family, package
        For a new family: its name (by default the id's first word) and the requirement that brings it,
        such as `mace-torch==0.3.16`.
    weights
        `package:FILE`, `hf:OWNER/NAME/FILE`, a URL, or a local file; nothing for a model with random weights only.
    into
        A private zoo; by default the checkout, else the first folder of `MATTERZOO_PATH`.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    MatterzooError
        USAGE where a name or the weights are missing or not understood, CANNOT_WRITE where a file is there already.
    """
    import copier

    base = _like(like)
    places = _places(into)
    if not re.fullmatch(r"[a-z0-9]+([.-][a-z0-9]+)*", name):
        raise MatterzooError(ExitCode.USAGE, f"{name!r} cannot be an id: small letters, digits, dots and hyphens")
    whole_family = bool(family or package)
    data = _data(name, base, family or name.split("-", maxsplit=1)[0], package, weights, places)
    if whole_family and not package:
        raise MatterzooError(ExitCode.USAGE, "which package brings it?", f"--package {data['family']}==1.0")
    if not whole_family and not weights:
        raise MatterzooError(ExitCode.USAGE, "where do its weights come from?", "--weights https://…/model.pt")
    if whole_family and weights and name == f"{data['family']}-random":
        raise MatterzooError(
            ExitCode.USAGE,
            f"{name} is the untrained twin's own id: it has no weights",
            "name the trained model otherwise",
        )
    template = TEMPLATES / ("family" if whole_family else "checkpoint")
    targets = {"models": places.models, "adapters": places.adapters, "containers": places.containers}
    targets |= {"references": places.references} if places.references else {}
    targets |= {"trained": places.models} if weights else {}
    parts = {template / kind: target for kind, target in targets.items() if (template / kind).is_dir()}
    wanted = [
        target / _rendered(file.relative_to(part), data) for part, target in parts.items() for file in _files(part)
    ]
    if there := [file for file in wanted if file.exists()]:
        raise MatterzooError(ExitCode.CANNOT_WRITE, f"{there[0]} is there already", "choose another id or family")
    for part, target in parts.items():
        target.mkdir(parents=True, exist_ok=True)
        copier.run_copy(str(part), target, data=data, quiet=True, defaults=True)
    return wanted


def _like(like: str) -> Model:
    models = [folder.name for _, folder in cards()]
    if like not in models:
        of_family = [name for name in models if (model := find(name)).card.family == like and not model.private]
        like = next(iter(of_family), like)
    return find(like)


def _places(into: Path | None) -> Places:
    ours = zoos()[-1]
    checkout = ours.models.parent.parent
    if into is None and (checkout / "CONTRIBUTING.md").is_file():
        references = checkout / "tests" / "models" / "inside" / "references"
        return Places(ours.models, ours.adapters, checkout / "containers", references)
    folder = into or next(iter(own_zoos()), None)
    if folder is None:
        raise MatterzooError(
            ExitCode.USAGE, "where should it go?", "--into my-zoo, then: export MATTERZOO_PATH=$PWD/my-zoo"
        )
    return Places(folder / "models", folder / "adapters", folder / "containers", None)


def _data(name: str, base: Model, family: str, package: str, weights: str, places: Places) -> dict[str, Any]:
    card = base.card
    node_kind = next((layer.node_kind for layer in card.embedding.layers if layer.node_kind), "token")
    modality = {"atoms": "Atoms", "backbone": "Backbone", "grid": "Grid"}.get(card.view.value, "Text")
    return {
        "id": name,
        "like": card.id,
        "name": name.replace("-", " "),
        "family_name": family.replace("-", " ").capitalize(),
        "family": family,
        "module": re.sub(r"[.-]", "_", family),
        "class_name": "".join(part.capitalize() for part in re.split(r"[.-]", family)) + "Adapter",
        "environment": family,
        "view": card.view.value,
        "node_kind": node_kind,
        "base": f"{modality}Adapter",
        "batch": f"{modality}Batch",
        "package": package,
        "package_module": re.split(r"[=<>\[ @]", package)[0].replace("-", "_") or family,
        "checkpoint": _checkpoint(weights),
        "schema": SCHEMA if places.references else "",
    }


def _checkpoint(weights: str) -> str:
    """Write the table `[checkpoint]` of a card."""
    kind, _, rest = weights.partition(":")
    if kind in ("http", "https"):
        return f'source = "url"\nurl = "{weights}"'
    if kind == "hf" and rest.count("/") >= 2:
        owner, name, file = rest.split("/", 2)
        return f'source = "huggingface"\nrepo = "{owner}/{name}"\nfile = "{file}"'
    if kind == "package":
        return f'source = "package"\nfile = "{rest}"' if rest else 'source = "package"'
    if weights and not Path(weights).expanduser().exists():
        raise MatterzooError(
            ExitCode.USAGE, f"weights {weights!r}: no such file", "a URL, hf:OWNER/NAME/FILE, package:FILE, or a file"
        )
    return f'source = "local"\nfile = "{weights}"' if weights else 'source = "none"'


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _rendered(path: Path, data: dict[str, Any]) -> Path:
    text = path.as_posix().removesuffix(".jinja")
    return Path(re.sub(r"{{ (\w+) }}", lambda found: str(data[found[1]]), text))
