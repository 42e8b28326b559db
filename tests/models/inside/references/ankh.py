"""transformers' own model class, one sequence at a time, written as its authors do."""

from __future__ import annotations

from typing import Any

from references import TextReference, one_string_at_a_time

PUBLISHED = "T5ForConditionalGeneration"
"""The class whose checkpoints its authors publish."""


def reference(adapter: Any) -> TextReference:
    """The encoder's last hidden states before </s>."""
    return one_string_at_a_time(adapter, slice(None, -1), list)
