"""What the user sees: errors, plain lines, and results as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any


def fail(message: str, hint: str = "") -> None:
    """Say what happened and what to do next, on standard error."""
    sys.stderr.write(f"matterzoo: {message}\n")
    if hint:
        sys.stderr.write(f"  → {hint}\n")


def say(line: str = "") -> None:
    """Write one line for people, on standard error, so that standard output stays machine-readable."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def emit(value: Any) -> None:
    """Write JSON on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")
