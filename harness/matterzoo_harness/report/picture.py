"""A picture: a plotly figure, the numbers behind it, and what must be said beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Table = list[dict[str, Any]]
ALL = "*"
"""Name of the picture that shows all data sets at once."""


@dataclass(frozen=True)
class Picture:
    """One figure.

    Parameters
    ----------
    figure
        `plotly.graph_objects.Figure`; None where there is nothing to draw.
    table
        The numbers behind it, a row a mark: what the reader downloads beside it.
    note
        Said beneath it.
    empty
        Why there is nothing to draw.
    """

    figure: Any
    table: Table = field(default_factory=list)
    note: str = ""
    empty: str = ""

    @classmethod
    def nothing(cls, why: str) -> Picture:
        """Return a picture that says why there is none."""
        return cls(None, empty=why)


@dataclass(frozen=True)
class Panel:
    """A figure of the report with its variants.

    Parameters
    ----------
    id, title, lead
        Its anchor, its name, and what it answers.
    reading
        How to read it.
    pictures
        By data set (or `ALL`), then by what the reader may choose (a metric, a colour).
    choice
        What that choice is called; empty if there is none.
    """

    id: str
    title: str
    lead: str
    reading: str
    pictures: Mapping[str, Mapping[str, Picture]]
    choice: str = ""
