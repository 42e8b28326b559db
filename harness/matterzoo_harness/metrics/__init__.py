"""All pairs of all models in one sweep: representation similarity, exact and calibrated.

The derivations, the precision rules and what was measured stand in `docs/metrics.md`. Names are imported when they are
first used, so that the engine itself needs nothing but torch and NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matterzoo_harness.metrics.errors import MetricError
    from matterzoo_harness.metrics.front_door import compare
    from matterzoo_harness.metrics.load import load_embeddings
    from matterzoo_harness.metrics.presets import METRICS, PRESETS, Preset
    from matterzoo_harness.metrics.result import Comparison, Entry, tabulate

__all__ = [
    "METRICS",
    "PRESETS",
    "Comparison",
    "Entry",
    "MetricError",
    "Preset",
    "compare",
    "load_embeddings",
    "tabulate",
]

_HOMES = {
    "compare": "front_door",
    "load_embeddings": "load",
    "MetricError": "errors",
    **dict.fromkeys(("METRICS", "PRESETS", "Preset"), "presets"),
    **dict.fromkeys(("Comparison", "Entry", "tabulate"), "result"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
