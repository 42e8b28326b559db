"""All pairs of all models in one sweep: representation similarity, exact and calibrated.

The derivations, the precision rules and what was measured stand in `docs/metrics.md`.
"""

from matterzoo_harness.metrics.compare import compare
from matterzoo_harness.metrics.errors import MetricError
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
