"""How many structures a second each family embeds, beside its package's own one-by-one call.

    python tests/benchmarks/families.py [MODEL …]

One fixed set of 200 structures (100 crystals of 1 to 54 atoms, 100 molecules); a model takes what its domain allows. One
process a model, in its own environment, one thread; two rounds in turns, the second counts (the first warms caches and
compilers), and the clock is the process's own CPU time. Both ways end with vectors and energy; where a package can only give
energies together with forces, its call computes forces, as its users' does.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from model_environments import environment_python, inside, setup_of  # noqa: E402

from matterzoo.catalogue import find, readable  # noqa: E402
from matterzoo_harness.checking.families import representatives  # noqa: E402


def main() -> None:
    """Print a Markdown row a family."""
    models = [find(name) for name in sys.argv[1:]] or [
        model for model in representatives(readable()) if model.card.view.value == "atoms"
    ]
    print("| model | structures | ours, a second | package's loop, a second | ratio |\n| --- | --- | --- | --- | --- |")
    for model in models:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "setup.json"
            file.write_text(json.dumps(setup_of(model.card) | {"node_budget": model.card.limits.node_budget}))
            script = ROOT / "tests" / "models" / "inside" / "rate.py"
            line = [str(environment_python(model.card.environment)), str(script), str(file)]
            ended = subprocess.run(line, env=inside(), cwd=folder, capture_output=True, text=True, check=False)
        if ended.returncode:
            print(f"| {model.id} | | | | {ended.stderr.strip().splitlines()[-1]} |", flush=True)
            continue
        found = json.loads(ended.stdout.splitlines()[-1])
        count, ours, loop = found["taken"], found["ours"], found["loop"]
        beside = f"{count / loop:.1f} | {loop / ours:.2f} ×" if loop else " | "
        print(f"| {model.id} | {count} | {count / ours:.1f} | {beside} |", flush=True)


if __name__ == "__main__":
    main()
