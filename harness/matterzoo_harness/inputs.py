"""From what a user names to a file of records, with the view that a model takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matterzoo_harness.conversions import provide
from matterzoo_harness.conversions.regrid import regridded
from matterzoo_harness.leftovers import remove_left_overs
from matterzoo_harness.readers import ReadResult, read
from matterzoo_schemas.canonical import open_tensors
from matterzoo_schemas.card import GridDomain
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.records import KIND, Records
from matterzoo_schemas.shard import Status


@dataclass(frozen=True)
class Input:
    """Records on disk, as one model will see them.

    Parameters
    ----------
    records
        Mapped from `file`.
    file
        Where they are.
    identity
        Of the data set that the user gave, before a view was derived.
    failures
        Rows that could not be read or converted, with the reason.
    derived
        Provenance of a derived view.
    """

    records: Records
    file: Path
    identity: str
    failures: Mapping[int, tuple[Status, str]]
    derived: Mapping[str, Any] | None = None


class Inputs:
    """What the user gave, read once; views that it lacks are derived once each.

    Parameters
    ----------
    result
        Records and failures as read.
    folder
        Where the files of records are put.
    """

    def __init__(self, result: ReadResult, folder: Path) -> None:
        self._result = result
        self._folder = folder
        self.identity = result.records.identity
        self._views: dict[tuple[str, str], Input] = {}

    @classmethod
    def read(
        cls, sources: Sequence[str | Path], folder: Path, progress: Callable[[int, int, str], None] | None = None
    ) -> Inputs:
        """Read files, folders or samples.

        Raises
        ------
        MatterzooError
            As `readers.read`.
        """
        return cls(read(sources, progress=progress), folder)

    @property
    def count(self) -> int:
        """How many records there are."""
        return len(self._result.records)

    @property
    def ids(self) -> list[str]:
        """The records' ids."""
        return list(self._result.records.ids)

    def with_view(self, view: str, grid: GridDomain | None = None) -> Input:
        """Return the records with a view, derived by a named conversion where they lack it.

        Parameters
        ----------
        view
            What the model takes.
        grid
            The points that a model of grids takes; records on others are brought to them where that loses only detail.
        """
        key = (view, f"{grid.latitudes}x{grid.longitudes}{'p' * grid.poles}" if grid else "")
        if key not in self._views:
            self._views[key] = self._provide(view, grid, key[1])
        return self._views[key]

    def _provide(self, view: str, grid: GridDomain | None, points: str) -> Input:
        provided = provide(self._result, view)
        if grid is not None:
            provided = regridded(provided, grid.model_dump())
        made = [conversion for conversion in provided.conversions if conversion["view"] == view]
        derived = {"conversions": made} if made else None
        name = f"records.{view}{'-' * bool(points)}{points}.safetensors"
        file = self._folder / (name if derived else "records.safetensors")
        write_unless_there(provided.records, file)
        reasons = {**provided.unconverted.get(view, {}), **provided.failures}
        rows = {name: row for row, name in enumerate(provided.records.ids)} if reasons else {}
        failures = {rows[name]: (Status.INVALID, reason) for name, reason in reasons.items()}
        return Input(Records.open(file), file, self.identity, failures, derived)


def write_unless_there(records: Records, file: Path) -> None:
    """Write a file of records, unless the very same one is there already.

    Raises
    ------
    MatterzooError
        `CANNOT_WRITE` if the folder cannot be made.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MatterzooError(ExitCode.CANNOT_WRITE, f"cannot write to {file.parent}: {error}") from error
    remove_left_overs(file)
    if file.exists():
        try:
            if open_tensors(file, KIND).header["identity"] == records.identity:
                return
        except (MatterzooError, KeyError):
            pass
    records.write(file)
