"""Everything that is checked without running the code: `make lint`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
WORKER_PYTHONS = ("3.10", "3.11", "3.12", "3.13")
"""What schemas and adapters must be typed for: they run inside containers, with whatever Python a model needs."""


def main() -> int:
    python = [sys.executable, "-m"]
    commands = [
        [*python, "ruff", "check", "."],
        [*python, "ruff", "format", "--check", "--quiet", "."],
        *([*python, "mypy", "--python-version", version, "schemas", "adapters"] for version in WORKER_PYTHONS),
        [*python, "mypy", "zoo/matterzoo", "harness", "tests/private_zoo"],
        [sys.executable, "-m", "matterzoo.cli", "schemas", "--check", "schemas"],
    ]
    failed = []
    for command in commands:
        print("$", " ".join(command[2:]), flush=True)
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(" ".join(command[2:]))
    for name in failed:
        print(f"FAILED: {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
