"""Models whose code lies beside their weights on the hub: imported at a commit that the card names, or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from matterzoo_adapters.base import Setup
from matterzoo_adapters.conformance.strings import PROBES
from matterzoo_adapters.models.transformer import TransformerAdapter

COMMIT = re.compile(r"[0-9a-f]{40}")


class RemoteCodeAdapter(TransformerAdapter):
    """A checkpoint that transformers runs with the code in its folder; there is no twin without that code."""

    remote_code = True

    def load(self) -> None:
        """Load the checkpoint with its own code.

        Raises
        ------
        ValueError
            If the code is of no pinned commit or lies elsewhere, or the model says another thing each time.
        """
        require_pinned_code(self.setup)
        require_own_code(self.setup.checkpoint)
        super().load()
        self._check_repeats()

    @torch.inference_mode()
    def _check_repeats(self) -> None:
        string = PROBES[self.setup.card["view"]][0]
        ids = torch.tensor([self.tokens([string])[0].ids], device=self.device)
        first, second = (self.model(input_ids=ids).last_hidden_state for _ in range(2))
        if not torch.equal(first, second):
            raise ValueError(f"two calls give two vectors for {string!r}: the model draws random numbers at each call")


def require_pinned_code(setup: Setup) -> None:
    """Refuse to run code of which the card does not say which it is.

    Raises
    ------
    ValueError
        For random weights too: the constructor is the checkpoint's.
    """
    if setup.random_weights:
        raise ValueError(f"{setup.model} is built by code that comes with its checkpoint, and its card names none")
    checkpoint = setup.card["checkpoint"]
    parts: Mapping[str, Mapping[str, Any]] = checkpoint.get("parts") or {}
    pinned = [part.get("sha256") or COMMIT.search(part["url"]) for part in parts.values()]
    if not all(pinned or [COMMIT.fullmatch(checkpoint.get("revision") or "")]):
        raise ValueError(
            f"the checkpoint of {setup.model} brings code, and the card does not say of which commit: nothing of it"
            " was run; read the code, and write `revision` on the card"
        )


def require_own_code(folder: Path) -> None:
    """Refuse a checkpoint that names code outside its folder.

    Raises
    ------
    ValueError
        Naming it.
    """
    for file in sorted(folder.glob("*.json")):
        for name in _classes(json.loads(file.read_text("utf-8"))):
            module = name.rpartition(".")[0]
            if "--" in name or not (folder / f"{module.replace('.', '/')}.py").is_file():
                raise ValueError(f"{file.name} names code that is not in the checkpoint's folder: {name}")


def _classes(content: Any) -> Iterator[str]:
    """Return every class that a configuration's `auto_map` names, `module.Class`."""
    named = content.get("auto_map", {}) if isinstance(content, dict) else {}
    for value in named.values():
        yield from (name for name in (value if isinstance(value, list) else [value]) if name)
