"""The card of a data set: where its files are, what they must be, and what its licence says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from matterzoo_harness.cards import read_toml
from matterzoo_harness.locations import own_zoos, packaged_datasets
from matterzoo_schemas.card import NOTHING_SHA256, Identifier, Sha256, Strict, Text, parse
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

Address = Annotated[str, StringConstraints(pattern=r"^https?://")]


class DataFile(Strict):
    """One file of a data set."""

    url: Address
    sha256: Sha256 | None = None
    """As its publisher states it; the one measured at the first fetch is kept beside the data."""
    size: Annotated[int, Field(gt=0)] | None = None
    """Bytes, as its publisher states."""
    records: Annotated[int, Field(gt=0)] | None = None
    """How many it holds, as its publisher states."""

    @model_validator(mode="after")
    def _is_something(self) -> DataFile:
        if self.sha256 == NOTHING_SHA256:
            raise ValueError("the sha256 is that of an empty file")
        return self


class DatasetCard(Strict):
    """One data set."""

    id: Identifier
    name: Text
    summary: Text
    format: Literal["qm9", "aselmdb", "rcsb"]
    files: tuple[DataFile, ...]
    """What is fetched first; of `rcsb` it is the list of its entries."""
    entry: Address | None = None
    """Of `rcsb`: the address of one entry, with `{id}` in it."""
    revision: Text | None = None
    """What its publisher calls this state of it."""
    licence: Text | None = None
    gated: bool = False
    """Whether a licence must be accepted at the source first; a token is then taken from `HF_TOKEN`."""
    page: Address | None = None
    doi: Text | None = None
    level: Text | None = None
    """Level of theory of its labels."""

    @model_validator(mode="after")
    def _is_complete(self) -> DatasetCard:
        if not self.files:
            raise ValueError("a data set needs a file")
        if (self.format == "rcsb") != (self.entry is not None):
            raise ValueError("`entry` belongs to the format rcsb, and to no other")
        return self


def datasets() -> dict[str, Path]:
    """Return every card by name, a user's own (`MATTERZOO_PATH`) before ours."""
    found: dict[str, Path] = {}
    for root in [*(entry / "datasets" for entry in own_zoos()), packaged_datasets()]:
        for file in sorted(root.glob("*.toml")):
            found.setdefault(file.stem, file)
    return found


def find_dataset(name: str) -> DatasetCard:
    """Read a data set's card.

    Raises
    ------
    MatterzooError
        `INPUT_MISSING` if there is none of that name; `BAD_CARD` naming every field in question.
    """
    there = datasets()
    if name not in there:
        raise MatterzooError(
            ExitCode.INPUT_MISSING, f"there is no data set {name!r}", f"there is: {', '.join(there)}, or give a file"
        )
    card = parse(DatasetCard, read_toml(there[name]), there[name])
    if card.id != name:
        raise MatterzooError(ExitCode.BAD_CARD, f"{there[name]}: the id {card.id!r} is not its file's name")
    return card
