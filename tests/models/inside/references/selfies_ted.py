"""transformers' own model class, one string at a time, written as its authors do."""

from __future__ import annotations

from typing import Any

from references import TextReference, one_string_at_a_time

PUBLISHED = "BartForConditionalGeneration"
"""The class whose checkpoints its authors publish."""


def reference(adapter: Any) -> TextReference:
    """All of the encoder's last hidden states."""
    return one_string_at_a_time(adapter, slice(None), lambda string: string.replace("][", "] ["))
