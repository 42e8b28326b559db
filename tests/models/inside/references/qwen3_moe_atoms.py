"""transformers' own model class, one structure at a time, as ASE prints it."""

from __future__ import annotations

from references import one_printed_structure_at_a_time as reference

__all__ = ["reference"]
