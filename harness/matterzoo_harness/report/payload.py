"""What the page's figures are made of, packed: gzip of JSON in base64."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from matterzoo_harness.report.names import key_title
from matterzoo_harness.report.picture import Panel, Picture, Table

DIGITS = 5
"""Significant digits of the numbers in the page; those in `figures/` are whole."""


def payload(panels: Sequence[Panel]) -> str:
    """Return figures and numbers, packed: gzip of JSON in base64, with equal bytes for equal results."""
    tables: dict[str, int] = {}
    content: dict[str, Any] = {
        "panels": {panel.id: {d: {o: _packed(p, tables) for o, p in c.items()} for d, c in panel.pictures.items()}
                   for panel in panels},
        "titles": {o: key_title(o) for panel in panels if panel.choice == "metric"
                   for c in panel.pictures.values() for o in c if "@" in o or o.islower()},
    }  # fmt: skip
    content["tables"] = list(tables)
    return packed(json.dumps(content, separators=(",", ":"), allow_nan=False))


def packed(text: str) -> str:
    """Return a text as the page holds it: gzip in base64, with equal bytes for equal texts."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def _packed(picture: Picture, tables: dict[str, int]) -> dict[str, Any]:
    """Return what the page draws; equal tables are in the page once."""
    text = as_csv(picture.table, DIGITS)
    figure = None if picture.figure is None else _plain(json.loads(picture.figure.to_json()))
    if figure is not None:
        figure["layout"].pop("template", None)
    return {
        "figure": figure,
        "csv": tables.setdefault(text, len(tables)) if text else None,
        "note": picture.note,
        "empty": picture.empty,
    }


def _plain(part: Any) -> Any:
    """Return a part of a figure with arrays as lists and numbers of few digits, which pack far smaller."""
    if isinstance(part, float):
        return float(f"{part:.{DIGITS}g}") if math.isfinite(part) else None
    if isinstance(part, list):
        return [_plain(each) for each in part]
    if not isinstance(part, dict):
        return part
    if "bdata" in part:
        array = np.frombuffer(base64.b64decode(part["bdata"]), np.dtype(part["dtype"]))
        shape = [int(size) for size in str(part.get("shape", len(array))).split(",")]
        return _plain(array.reshape(shape).tolist())
    return {name: _plain(each) for name, each in part.items()}


def as_csv(table: Table, digits: int | None = None) -> str:
    """Return a table as CSV; None is empty, and numbers are whole, or have so many significant digits."""
    if not table:
        return ""
    columns = list(dict.fromkeys(name for row in table for name in row))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(table if digits is None else [_shortened(row, digits) for row in table])
    return stream.getvalue()


def _shortened(row: dict[str, Any], digits: int) -> dict[str, Any]:
    return {name: format(value, f".{digits}g") if isinstance(value, float) else value for name, value in row.items()}
