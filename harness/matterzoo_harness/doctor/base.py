"""Base images come from a registry or are made of Debian packages."""

from __future__ import annotations

import shutil

from matterzoo_harness.doctor.finding import Finding


def look() -> Finding:
    """Look for the tool that makes base images without a registry."""
    tool = shutil.which("mmdebstrap")
    if tool:
        return Finding("base images", "ok", "mmdebstrap is here: base images can be made without a registry")
    return Finding(
        "base images", "note", "no mmdebstrap: base images must come from a registry", "apt-get install mmdebstrap"
    )
