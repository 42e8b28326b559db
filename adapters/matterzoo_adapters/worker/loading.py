"""Find the adapter's class in its file, load it, and take the fingerprint of what it loaded."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from matterzoo_adapters import models
from matterzoo_adapters.base import Adapter, Setup, TextAdapter
from matterzoo_adapters.conformance.strings import PROBES
from matterzoo_schemas.columns import Array
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


def adapter_class(adapter: str) -> type[Adapter[Any]]:
    """Import `<family>:<class>` of `matterzoo_adapters.models`, or `/path/to/file.py:<class>` of a private zoo.

    Raises
    ------
    MatterzooError
        `BAD_CARD` if the file has no such class.
    """
    path, _, name = adapter.rpartition(":")
    if "/" not in path:
        path = str(Path(models.__file__ or "").with_name(f"{path}.py"))
    spec = importlib.util.spec_from_file_location("matterzoo_adapter", path)
    if spec is None or spec.loader is None:
        raise MatterzooError(ExitCode.BAD_CARD, f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found = getattr(module, name, None)
    if not isinstance(found, type) or not issubclass(found, Adapter):
        raise MatterzooError(ExitCode.BAD_CARD, f"{path} has no adapter {name!r}")
    return found


def fingerprint(weights: Mapping[str, Array]) -> tuple[str | None, int]:
    """Return the SHA-256 over every learned array (name, type, shape, bytes), and how many numbers there are.

    Two builds with different seeds have the same fingerprint if, and only if, nothing was left random. A model
    without weights has none.
    """
    if not weights:
        return None, 0
    digest, count = hashlib.sha256(), 0
    for name in sorted(weights):
        array = np.ascontiguousarray(weights[name])
        count += array.size
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest(), count


def token_ids(adapter: Adapter[Any]) -> dict[str, list[int]]:
    """Return the token ids of the fixed strings of the model's view; empty for a model that reads no tokens."""
    if not isinstance(adapter, TextAdapter):
        return {}
    probes = PROBES.get(adapter.setup.card["view"], ())
    told = adapter.tokens(probes)
    return {} if told is None else {probe: list(tokens.ids) for probe, tokens in zip(probes, told, strict=True)}


def read_setup(content: Mapping[str, Any]) -> Setup:
    """Make a Setup of the JSON that the harness wrote, refusing unknown keys.

    Raises
    ------
    MatterzooError
        `BAD_CARD` if keys are missing or unknown: harness and worker are of different versions.
    """
    try:
        return Setup(**content)
    except TypeError as error:
        raise MatterzooError(
            ExitCode.BAD_CARD, f"the worker does not understand its setup: {error}", "matterzoo build MODEL"
        ) from error
