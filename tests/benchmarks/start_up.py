"""How long the command takes to answer at all: `matterzoo --help` and `list` against an empty Python.

    python tests/benchmarks/start_up.py [ROUNDS]

The three are run in turn, and the fastest of each is compared, which is the least disturbed; processor time is printed
beside it, for a busy machine lengthens the one and not the other. Bytecode is kept and the index of `list` is made, as
on every run but the first. Ends with 1 if the bar does not hold.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("matterzoo"))
BAR_SECONDS = 0.25
LINES = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "matterzoo --help": [COMMAND, "--help"],
    "matterzoo list": [COMMAND, "list"],
}


def seconds(line: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Run a command once; return its time by the clock and its processor time."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL, env=environment)
    elapsed, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return elapsed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"PYTHONPYCACHEPREFIX": folder, "MATTERZOO_CACHE": f"{folder}/cache"}
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in LINES}
        for turn in range(rounds + 1):
            for name, line in LINES.items():
                took = seconds(line, environment)
                if turn > 0:  # the first makes bytecode and index
                    times[name].append(took)
    clock, processor = ({name: min(t[kind] for t in taken) for name, taken in times.items()} for kind in (0, 1))
    empty, *ours = LINES
    print(f"{empty:<18} {clock[empty]:.3f} s")
    for name in ours:
        more, busy = clock[name] - clock[empty], processor[name] - processor[empty]
        print(
            f"{name:<18} {clock[name]:.3f} s: {more:.3f} s more ({busy:.3f} s of the processor), "
            f"bar {BAR_SECONDS} s, ratio {more / BAR_SECONDS:.2f}"
        )
    return 0 if all(clock[name] - clock[empty] <= BAR_SECONDS for name in ours) else 1


if __name__ == "__main__":
    sys.exit(main())
