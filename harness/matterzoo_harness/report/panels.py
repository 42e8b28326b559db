"""The figures of the report, in its order."""

from __future__ import annotations

from collections.abc import Callable

from matterzoo_harness.report.figures.choice import pick, redundancy
from matterzoo_harness.report.figures.coverage import coverage
from matterzoo_harness.report.figures.dimension import dimension
from matterzoo_harness.report.figures.distribution import distribution
from matterzoo_harness.report.figures.energy import energy
from matterzoo_harness.report.figures.growth import growth
from matterzoo_harness.report.figures.k_sensitivity import k_sensitivity
from matterzoo_harness.report.figures.layout import layout
from matterzoo_harness.report.figures.matrix import condensed, full
from matterzoo_harness.report.figures.metrics_compared import metrics_compared
from matterzoo_harness.report.figures.nulls import nulls
from matterzoo_harness.report.figures.plane import plane
from matterzoo_harness.report.figures.tree import tree
from matterzoo_harness.report.picture import Panel
from matterzoo_harness.report.results import Results

Maker = Callable[[Results], Panel]
PANELS: tuple[Maker, ...] = (
    full, condensed, nulls, tree, plane, dimension, pick, redundancy, distribution, energy, layout, growth,
    k_sensitivity, metrics_compared, coverage,
)  # fmt: skip
