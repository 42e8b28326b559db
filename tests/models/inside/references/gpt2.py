"""transformers' own model class, one string at a time."""

from __future__ import annotations

from typing import Any

from references import TextReference, one_string_at_a_time

PUBLISHED = "GPT2LMHeadModel"
"""The class whose checkpoints its authors publish."""


def reference(adapter: Any) -> TextReference:
    """The last hidden states."""
    return one_string_at_a_time(adapter, slice(None))
