"""eSEN of OMol25: the same package's."""

from __future__ import annotations

from references.uma import reference, reloaded, save

__all__ = ["reference", "reloaded", "save"]
