"""Find models: ours, and those of a user's own zoo (`MATTERZOO_PATH`)."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

if TYPE_CHECKING:
    from matterzoo_harness.model import Model


@dataclass(frozen=True)
class Zoo:
    """A folder of models and where their adapters lie."""

    models: Path
    adapters: Path
    private: bool


def zoos() -> list[Zoo]:
    """Return every zoo, a user's own before ours, so that it may override."""
    from matterzoo_harness.locations import own_zoos, packaged_models

    own = [Zoo(entry / "models", entry / "adapters", private=True) for entry in own_zoos()]
    ours = Zoo(packaged_models(), _our_adapters(), private=False)
    return [zoo for zoo in [*own, ours] if zoo.models.is_dir()]


def _our_adapters() -> Path:
    """Locate the adapters without importing them: the host never imports a model's package."""
    from matterzoo_harness.worker_sources import package_folder

    return package_folder("matterzoo_adapters") / "models"


def cards() -> Iterator[tuple[Zoo, Path]]:
    """Yield every model's folder once, sorted by id within a zoo."""
    seen = set()
    for zoo in zoos():
        for path in sorted(zoo.models.glob("*/card.toml")):
            if path.parent.name not in seen:
                seen.add(path.parent.name)
                yield zoo, path.parent


def find(model_id: str) -> Model:
    """Read one model.

    Raises
    ------
    MatterzooError
        `USAGE` if there is none of that id, with the nearest first; `BAD_CARD` if its card is not valid.
    """
    for zoo in zoos():
        folder = zoo.models / model_id
        if model_id and (folder / "card.toml").is_file() and folder.parent == zoo.models:
            return _read(zoo, folder)
    raise unknown(model_id)


def _read(zoo: Zoo, folder: Path) -> Model:
    from matterzoo_harness.cards import read_card
    from matterzoo_harness.model import Model
    from matterzoo_schemas.lock import read_lock

    card = read_card(folder / "card.toml")
    adapter = zoo.adapters / f"{card.adapter.partition(':')[0]}.py"
    private = zoo.private and adapter.is_file()
    if not adapter.is_file():
        adapter = _our_adapters() / adapter.name
    if not adapter.is_file():
        raise MatterzooError(ExitCode.BAD_CARD, f"{folder.name}: there is no adapter file {adapter.name}")
    return Model(card, read_lock(folder / "lock.json"), folder, adapter, private)


def readable() -> Iterator[Model]:
    """Yield every model whose card can be read; `list` and `lint` say what is wrong with the others."""
    for zoo, folder in cards():
        try:
            yield _read(zoo, folder)
        except MatterzooError:
            continue


def unknown(model_id: str) -> MatterzooError:
    """Return the error for an id that no zoo has; it lists what there is, the nearest first."""
    names = [folder.name for _, folder in cards()]
    near = difflib.get_close_matches(model_id.lower(), names, n=5, cutoff=0.3)
    rest = [name for name in names if name not in near]
    what = f"there is no model {model_id!r}" if model_id else "no model was named"
    first = f"did you mean {near[0]}? " if near and model_id else ""
    return MatterzooError(ExitCode.USAGE, what, f"{first}There is: {', '.join([*near, *rest])}")


def index() -> list[dict[str, Any]]:
    """Return a row a model for `list`, from a generated index that is keyed by all that it is made of.

    Reading eighty cards through pydantic costs a second; reading the index costs milliseconds.
    """
    folders = list(cards())
    digest = hashlib.sha256()
    for _, folder in folders:
        for name in ("card.toml", "lock.json"):
            file = folder / name
            digest.update(f"{file}\0".encode() + (file.read_bytes() if file.exists() else b"") + b"\0")
    for file in _state_files(folder for _, folder in folders):
        digest.update(f"{file} {file.stat().st_mtime_ns} {file.stat().st_size}\0".encode())
    file = _index_file()
    try:
        stored = json.loads(file.read_bytes())
        if stored["key"] == digest.hexdigest():
            return list(stored["models"])
    except (OSError, ValueError, KeyError):
        pass
    models = _lines(folders)
    _store(file, {"key": digest.hexdigest(), "models": models})
    return models


def _state_files(folders: Iterable[Path]) -> list[Path]:
    """Return what states are computed from besides cards and locks: adapters, environments, golden vectors, code."""
    from matterzoo_harness.locations import containers_roots

    adapters = [file for zoo in zoos() for file in zoo.adapters.glob("*.py")]
    environments = [file for root in containers_roots() for file in root.glob("*/*.*")]
    golden = [file for folder in folders if (file := folder / "golden.safetensors").is_file()]
    own = [Path(__file__).with_name(name) for name in ("catalogue.py", "missing.py", "states.py")]
    return sorted([*adapters, *environments, *golden, *own])


def _index_file() -> Path:
    from matterzoo_harness.locations import cache

    return cache() / "catalogue.json"


def _store(file: Path, content: dict[str, Any]) -> None:
    """Keep the index if that can be done; a read-only cache only costs time."""
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_text(json.dumps(content), "utf-8")
        scratch.replace(file)
    except OSError:
        return


def _lines(folders: Iterable[tuple[Zoo, Path]]) -> list[dict[str, Any]]:
    found: dict[str, Model | MatterzooError] = {}
    for zoo, folder in folders:
        try:
            found[folder.name] = _read(zoo, folder)
        except MatterzooError as error:
            found[folder.name] = error
    untrained = [model for model in found.values() if not isinstance(model, Exception) and model.card.random_weights]
    return [_line(name, one, untrained) for name, one in found.items()]


def _line(name: str, model: Model | MatterzooError, untrained: list[Model]) -> dict[str, Any]:
    from matterzoo.missing import missing_piece
    from matterzoo.states import standing_of

    if isinstance(model, MatterzooError):
        return {"id": name, "state": "invalid", "reason": model.message, "missing": model.message}
    standing = standing_of(model, untrained)
    card = model.card
    layer = next(layer for layer in card.embedding.layers if layer.name == card.embedding.default)
    return {
        "id": model.id,
        "name": card.name,
        "family": card.family,
        "view": card.view.value,
        "environment": card.environment,
        "dim": layer.dim,
        "energy": card.energy.available,
        "parameters": card.training.parameters,
        "licence": card.licence.weights or card.licence.code,
        "non_commercial": card.licence.non_commercial,
        "lifecycle": card.lifecycle.value,
        "state": standing.state,
        "random_weights": card.random_weights,
        "weights_pinned": model.weights_pinned,
        "archival": standing.locked and model.weights_pinned,
        "missing": missing_piece(model, standing),
        "private": model.private,
        "summary": card.summary,
    }
