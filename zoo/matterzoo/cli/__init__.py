"""The command `matterzoo`. Heavy imports are inside the verbs, so that `--help` answers at once."""

from __future__ import annotations

import sys

from matterzoo.cli.app import run_app


def main() -> None:
    """Run the command and exit with its code."""
    sys.exit(run_app(sys.argv[1:]))
