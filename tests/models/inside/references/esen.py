"""eSEN, the same package's."""

from __future__ import annotations

from references.uma import reference

__all__ = ["reference"]
