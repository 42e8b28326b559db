"""Look at the machine: one check a file, each says how to mend what it finds."""

from __future__ import annotations

from matterzoo_harness.doctor import base, disk, engine, gpu, interpreters, platform, torch
from matterzoo_harness.doctor.finding import Finding

CHECKS = (platform, interpreters, engine, base, gpu, torch, disk)
"""Every check, in the order in which a run would meet them."""


def examine() -> list[Finding]:
    """Run every check."""
    return [check.look() for check in CHECKS]


__all__ = ["CHECKS", "Finding", "examine"]
