"""Views made of other views: only by a named conversion that the result records, never silently."""

from matterzoo_harness.conversions.provide import provide
from matterzoo_harness.conversions.routes import ROUTES, Route, Step

__all__ = ["ROUTES", "Route", "Step", "provide"]
