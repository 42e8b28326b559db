"""What the page's figures are made of, packed: gzip of JSON in base64."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
from collections.abc import Sequence
from typing import Any

from matterzoo_harness.report.names import key_title
from matterzoo_harness.report.picture import Panel, Picture, Table


def payload(panels: Sequence[Panel]) -> str:
    """Return figures and numbers, packed: gzip of JSON in base64, with equal bytes for equal results."""
    content = {
        "panels": {panel.id: {d: {o: _packed(p) for o, p in c.items()} for d, c in panel.pictures.items()}
                   for panel in panels},
        "titles": {o: key_title(o) for panel in panels if panel.choice == "metric"
                   for c in panel.pictures.values() for o in c if "@" in o or o.islower()},
    }  # fmt: skip
    raw = json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
    return base64.b64encode(gzip.compress(raw, 9, mtime=0)).decode()


def _packed(picture: Picture) -> dict[str, Any]:
    figure = None if picture.figure is None else json.loads(picture.figure.to_json())
    if figure is not None:
        figure["layout"].pop("template", None)
    return {"figure": figure, "csv": as_csv(picture.table), "note": picture.note, "empty": picture.empty}


def as_csv(table: Table) -> str:
    """Return a table as CSV; None is empty."""
    if not table:
        return ""
    columns = list(dict.fromkeys(name for row in table for name in row))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return stream.getvalue()
