"""What `make test` calls: every test, or with `--fast` those that need nothing and end within two minutes.

Where a real part of the system is absent (a container engine, the package registries, a GPU), all the rest runs, and
the last lines name what was absent. With CI=true an absent container engine is a failure. Further arguments go to
pytest. Standard library only, so that it can say what is missing.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("pytest", "xdist", "pytest_timeout", "hypothesis", "matterzoo")
FAST = "not slow and not engine and not network and not model_env"
MOST_WORKERS = 8
GIGABYTES_A_WORKER = 4


def workers() -> int:
    """Return how many tests run at one time: as many as there are cores, if memory allows."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return max(1, min(len(os.sched_getaffinity(0)), int(memory / GIGABYTES_A_WORKER), MOST_WORKERS))


def command(arguments: list[str]) -> list[str]:
    """Return the pytest command; tests with a container engine share one group, so they run one after the other."""
    fast = "--fast" in arguments
    rest = [argument for argument in arguments if argument != "--fast"]
    chosen = ["-m", FAST] if fast else []
    return [sys.executable, "-m", "pytest", "-n", str(workers()), "--dist", "loadgroup", *chosen, *rest]


def main() -> int:
    """Replace this process by pytest."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"tests: {sys.executable} lacks {', '.join(missing)}\n"
            "  → make test (it makes .venv), or `.venv/bin/python tests/run.py`\n"
        )
        return 2
    os.chdir(ROOT)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    line = command(sys.argv[1:])
    sys.stdout.flush()
    os.execv(line[0], line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
