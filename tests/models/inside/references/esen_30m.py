"""eSEN of OMat24: the same package's."""

from __future__ import annotations

from references.equiformer import reference, reloaded, save

__all__ = ["reference", "reloaded", "save"]
