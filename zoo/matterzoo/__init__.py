"""The catalogue and the front door: `import matterzoo as mz`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matterzoo.api import embed, load
    from matterzoo_harness.metrics import compare

__version__ = "0.1.0"
__all__ = ["compare", "embed", "load"]


def __getattr__(name: str) -> Any:
    """Import what is asked for only when it is: `matterzoo --help` must not load torch."""
    if name in ("embed", "load"):
        from matterzoo import api

        return getattr(api, name)
    if name == "compare":
        from matterzoo_harness.metrics import compare

        return compare
    raise AttributeError(f"module 'matterzoo' has no attribute {name!r}")
