"""What a check answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    check
        What was looked at.
    severity
        `ok`; `note` where something optional is absent; `problem` where a run would fail.
    message
        What was found.
    remedy
        How to mend it; empty if there is nothing to mend.
    """

    check: str
    severity: Literal["ok", "note", "problem"]
    message: str
    remedy: str = ""
