"""How many structures a second each family embeds, beside its package's own one-by-one call.

    python tests/benchmarks/families.py [--kept FILE] [--seconds 1800] [MODEL …]

One fixed set of 200 structures (100 crystals of 1 to 54 atoms, 100 molecules); a model takes what its domain allows. One
process a model, in its own environment, one thread; two rounds in turns, the second counts (the first warms caches and
compilers), and the clock is the process's own CPU time. Both ways end with vectors and energy; where a package can only give
energies together with forces, its call computes forces, as its users' does.

Every family of structures whose environment has a CPU lock takes part. With `--kept`, each row is kept as soon as it is
there, and the same command goes on where it stopped: what was measured with the same adapter and lock is not measured again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from model_environments import environment_python, inside, setup_of  # noqa: E402

from matterzoo.catalogue import find, readable  # noqa: E402
from matterzoo_harness.checking.families import representatives  # noqa: E402
from matterzoo_harness.environments.folder import find_environment  # noqa: E402
from matterzoo_harness.model import Model  # noqa: E402
from matterzoo_harness.worker_sources import sources_sha256  # noqa: E402

Row = dict[str, Any]


def asked(model: Model) -> Row:
    """Return what a measurement is of: kept rows of anything else do not count."""
    lock = find_environment(model.card.environment).lock_sha256("cpu")
    return {"model": model.id, "adapter": sources_sha256(model.card.adapter), "lock": lock}


def measured(model: Model, seconds: float) -> Row:
    """Return the rate of one model, or what stood in its way."""
    python = environment_python(model.card.environment)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "setup.json"
        file.write_text(json.dumps(setup_of(model.card) | {"node_budget": model.card.limits.node_budget}))
        line = [str(python), str(ROOT / "tests" / "models" / "inside" / "rate.py"), str(file)]
        try:
            home = Path(folder)
            ended = subprocess.run(
                line, env=inside(home), cwd=home, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return {"trouble": f"not done within {seconds:g} s"}
    if ended.returncode:
        return {"trouble": (ended.stderr.strip().splitlines() or [f"ended with code {ended.returncode}"])[-1]}
    found: Row = json.loads(ended.stdout.splitlines()[-1])
    return found


def line(row: Row) -> str:
    """Write one row of the table."""
    if "trouble" in row:
        return f"| {row['model']} | | | | {row['trouble']} |"
    count, ours, loop = row["taken"], row["ours"], row["loop"]
    beside = f"{count / loop:.1f} | {loop / ours:.2f} ×" if loop else " | "
    return f"| {row['model']} | {count} | {count / ours:.1f} | {beside} |"


def main() -> None:
    """Print a Markdown row a family, as each is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", nargs="*", help="all families by default")
    parser.add_argument("--kept", type=Path, help="a file of rows: read first, then written to")
    parser.add_argument("--seconds", type=float, default=1800, help="wall seconds that one model may take")
    given = parser.parse_args()
    models = [find(name) for name in given.models] or [
        model for model in representatives(readable()) if model.card.view.value == "atoms"
    ]
    kept = (
        [json.loads(text) for text in given.kept.read_text().splitlines()] if given.kept and given.kept.exists() else []
    )
    print("| model | structures | ours, a second | package's loop, a second | ratio |\n| --- | --- | --- | --- | --- |")
    for model in models:
        key = asked(model)
        row = next((row for row in kept if "trouble" not in row and key.items() <= row.items()), None)
        if row is None:
            row = key | measured(model, given.seconds)
            if given.kept:
                with given.kept.open("a") as file:
                    file.write(json.dumps(row) + "\n")
        print(line(row), flush=True)


if __name__ == "__main__":
    main()
