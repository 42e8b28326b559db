"""Models' wheels are for Linux on x86-64."""

from __future__ import annotations

import platform

from matterzoo_harness.doctor.finding import Finding


def look() -> Finding:
    """Compare the machine with what the locks are for."""
    machine = f"{platform.system()} {platform.machine()}"
    if (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        return Finding("platform", "ok", machine)
    return Finding("platform", "problem", f"{machine}; the locks are for Linux x86_64", "run the models through Docker")
