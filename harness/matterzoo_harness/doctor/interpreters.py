"""The virtual environments need the Python minors that the environments ask for."""

from __future__ import annotations

from matterzoo_harness.doctor.finding import Finding
from matterzoo_harness.environments.folder import environment_names, find_environment
from matterzoo_harness.environments.interpreters import installed_python


def look() -> Finding:
    """Look for an interpreter of every minor that an environment names."""
    wanted = sorted({find_environment(name).environment.python for name in environment_names()})
    missing = [minor for minor in wanted if installed_python(minor) is None]
    found = ", ".join(minor for minor in wanted if minor not in missing) or "none"
    if not missing:
        return Finding("python", "ok", f"found {found}")
    commands = " && ".join(f"uv python install {minor}" for minor in missing)
    return Finding("python", "note", f"found {found}; not {', '.join(missing)}", f"{commands}, or RUNTIME=docker")
