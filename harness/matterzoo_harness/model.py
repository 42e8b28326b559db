"""A model as the harness sees it: its card, its lock, and the files they speak of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matterzoo_harness.family_files import family_sha256
from matterzoo_schemas.card import ModelCard
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.lock import ModelLock

_COMMIT = re.compile(r"\b[0-9a-f]{40}\b")


@dataclass(frozen=True)
class Model:
    """One model of the catalogue.

    Parameters
    ----------
    card, lock
        The hand-written and the machine-written half.
    folder
        Where both lie.
    adapter_file
        The family's Python file.
    private
        Whether it comes from a user's own zoo (`MATTERZOO_PATH`) rather than from ours.
    """

    card: ModelCard
    lock: ModelLock
    folder: Path
    adapter_file: Path
    private: bool = False

    @property
    def id(self) -> str:
        """The model's id."""
        return self.card.id

    @property
    def lock_file(self) -> Path:
        """Where the machine-written half lies."""
        return self.folder / "lock.json"

    @property
    def adapter_sha256(self) -> str:
        """SHA-256 of the adapter's file, and of those that it imports, as they are now."""
        return family_sha256(self.adapter_file)

    @property
    def resolved_card(self) -> dict[str, Any]:
        """The card as workers and images get it: JSON-able, the checkpoint's measured hash where none is published."""
        card = self.card.model_dump(mode="json")
        if self.lock.checkpoint and card["checkpoint"]["sha256"] is None:
            card["checkpoint"]["sha256"] = self.lock.checkpoint.sha256
        return card

    @property
    def weights_pinned(self) -> bool:
        """Whether it is known, to the byte, which weights these are; a package's are pinned by the package's lock."""
        elsewhere = self.card.checkpoint.source in ("url", "huggingface", "local")
        elsewhere = elsewhere or bool(self.card.checkpoint.parts)
        return not elsewhere or bool(self.card.checkpoint.sha256 or self.lock.checkpoint)

    @property
    def unpinned_code(self) -> list[str]:
        """Code that comes with the checkpoint and of which the card names no commit or hash: no adapter runs it."""
        checkpoint = self.card.checkpoint
        names = [name for name, part in checkpoint.parts.items() if not (part.sha256 or _COMMIT.search(part.url))]
        names += [] if checkpoint.revision else checkpoint.files
        return [name for name in names if name.endswith(".py")]

    def options(self, chosen: dict[str, str]) -> dict[str, str]:
        """Return the value of every option, the user's choices over the card's.

        Raises
        ------
        MatterzooError
            `USAGE` if there is no such option or value; what there is is listed.
        """
        for name, value in chosen.items():
            option = self.card.options.get(name)
            if option is None:
                there = ", ".join(self.card.options) or "none"
                raise MatterzooError(ExitCode.USAGE, f"{self.id} has no option {name!r}; it has: {there}")
            if value not in option.allowed:
                there = ", ".join(option.allowed)
                raise MatterzooError(ExitCode.USAGE, f"{self.id}: {name} cannot be {value!r}; it can be: {there}")
        return {name: option.value for name, option in self.card.options.items()} | chosen

    def layers(self, chosen: tuple[str, ...]) -> tuple[str, ...]:
        """Return the layers to write: the chosen ones, or the card's default; `all` is every layer.

        Raises
        ------
        MatterzooError
            `USAGE` if there is no such layer; what there is is listed.
        """
        there = [layer.name for layer in self.card.embedding.layers]
        if not chosen:
            return (self.card.embedding.default,)
        if chosen == ("*",):
            return tuple(there)
        if missing := [name for name in chosen if name not in there]:
            raise MatterzooError(
                ExitCode.USAGE, f"{self.id} has no layer {', '.join(missing)}; it has: {', '.join(there)}"
            )
        return chosen
