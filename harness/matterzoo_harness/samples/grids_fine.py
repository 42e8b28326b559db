"""Two states of the analytic atmosphere on a grid of 1°, for models that take no coarser one."""

from __future__ import annotations

from matterzoo_harness.samples.grids import samples
from matterzoo_schemas.records import Records


def build() -> Records:
    """Return two states on 181 × 360 points, from pole to pole."""
    return Records.of(samples(2, 181, 360, poles=True))
