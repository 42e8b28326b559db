"""transformers' own model class, one text at a time."""

from __future__ import annotations

from typing import Any

from references import TextReference, one_string_at_a_time

PUBLISHED = "BertForMaskedLM"
"""The class whose checkpoints its authors publish."""


def reference(adapter: Any) -> TextReference:
    """The last hidden states of the text itself."""
    return one_string_at_a_time(adapter, slice(1, -1))
