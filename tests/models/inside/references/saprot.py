"""transformers' own model class, one sequence at a time, written as its authors do."""

from __future__ import annotations

from typing import Any

from references import TextReference, one_string_at_a_time

PUBLISHED = "EsmForMaskedLM"
"""The class whose checkpoints its authors publish."""


def reference(adapter: Any) -> TextReference:
    """The last hidden states between <cls> and <eos>."""
    return one_string_at_a_time(adapter, slice(1, -1), lambda string: "".join(f"{letter}#" for letter in string))
