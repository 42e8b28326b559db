"""Read model cards from their folders."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from matterzoo_harness.locations import models_roots
from matterzoo_schemas.card import ModelCard, parse
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    MatterzooError
        `BAD_CARD` naming file and line, if it is empty or no TOML.
    """
    text = path.read_text("utf-8")
    if not text.strip():
        raise MatterzooError(ExitCode.BAD_CARD, f"{path} is empty")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MatterzooError(ExitCode.BAD_CARD, f"{path} is no TOML: {error}") from error


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay one table over another: tables merge, everything else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def read_card(path: Path) -> ModelCard:
    """Read `<models>/<id>/card.toml`, following `extends` to the folder beside it, or else to another zoo.

    Raises
    ------
    MatterzooError
        `BAD_CARD` naming the file and every field in question.
    """
    content = _with_base(path, ())
    if content.get("id") != path.parent.name:
        raise MatterzooError(ExitCode.BAD_CARD, f"{path}: the id {content.get('id')!r} is not its folder's name")
    return parse(ModelCard, content, path)


def _with_base(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    content = read_toml(path)
    base = content.get("extends")
    if base is None:
        return content
    places = [root / str(base) / "card.toml" for root in (path.parent.parent, *models_roots())]
    base_path = next((place for place in places if place.is_file()), None)
    if base_path is None or base_path in seen:
        raise MatterzooError(ExitCode.BAD_CARD, f"{path}: extends {base!r}, which is missing or extends it in turn")
    inherited = _with_base(base_path, (*seen, path))
    return merge({key: value for key, value in inherited.items() if key != "extends"}, content)
