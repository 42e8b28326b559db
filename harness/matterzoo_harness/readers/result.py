"""What reading yields: entries of one file, and the records made of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.records import Records, Sample


@dataclass(frozen=True)
class ReadResult:
    """Records, and why some of them are without views.

    Parameters
    ----------
    records
        Every record found, in order; one that could not be parsed or converted keeps its row and its id.
    failures
        Reason by id for the records that could not be parsed.
    unconverted
        Reason by view and id for the records of which a missing view could not be made.
    conversions
        JSON-able provenance of each conversion that made a view: name, libraries' versions, options, count.
    skipped
        Files of a folder that no reader takes.
    """

    records: Records
    failures: Mapping[str, str] = field(default_factory=dict)
    unconverted: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    conversions: tuple[Mapping[str, Any], ...] = ()
    skipped: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One record as a format's reader finds it.

    Parameters
    ----------
    id
        The name that the file gives it; None if it gives none.
    views, labels
        As in `matterzoo_schemas.records.Sample`.
    failure
        Why it could not be parsed; empty if it could.
    """

    id: str | None = None
    views: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, float] = field(default_factory=dict)
    failure: str = ""


def name_entries(entries: Iterable[Entry], name: str) -> list[tuple[str, Entry]]:
    """Give each entry of one file its id: its own, else `<name>` if it is alone, else `<name>-<index>`."""
    found = list(entries)
    if len(found) == 1:
        return [(found[0].id or name, found[0])]
    return [(entry.id or f"{name}-{index}", entry) for index, entry in enumerate(found)]


class Collector:
    """Gathers named entries of many files and refuses an id that stands twice.

    Ids are told apart here, and not only when the records are made, because here both places are known.
    """

    def __init__(self) -> None:
        self._samples: list[Sample] = []
        self._places: dict[str, tuple[str, int]] = {}
        self._failures: dict[str, str] = {}

    def add(self, place: str, named: Iterable[tuple[str, Entry]]) -> None:
        """Add the entries of one file.

        Raises
        ------
        MatterzooError
            `BAD_INPUT`, naming the id and both places.
        """
        for index, (id_, entry) in enumerate(named):
            first, row = self._places.setdefault(id_, (place, index))
            if (first, row) != (place, index):
                raise MatterzooError(
                    ExitCode.BAD_INPUT,
                    f"the id {id_!r} stands twice: record {row} of {first} and record {index} of {place}",
                    "rename one of them; files of one name in several folders are told apart if you give "
                    "the folder above them as the input",
                )
            if entry.failure:
                self._failures[id_] = entry.failure
            self._samples.append(Sample(id_, {} if entry.failure else entry.views, entry.labels))

    def result(self, skipped: Iterable[Path] = ()) -> ReadResult:
        """Return what was gathered.

        Raises
        ------
        MatterzooError
            `BAD_INPUT` if there is no record at all, or if none could be parsed.
        """
        if not self._samples:
            raise MatterzooError(ExitCode.BAD_INPUT, "the input holds no record")
        if len(self._failures) == len(self._samples):
            some = "; ".join(
                f"{id_} ({self._places[id_][0]}): {reason}" for id_, reason in list(self._failures.items())[:3]
            )
            raise MatterzooError(
                ExitCode.BAD_INPUT, f"none of the {len(self._samples)} records could be parsed: {some}"
            )
        return ReadResult(Records.of(self._samples), self._failures, skipped=tuple(skipped))
