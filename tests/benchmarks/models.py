"""How long embedding takes beside the loop a user writes today, and beside the package's own batched call.

    python tests/benchmarks/models.py [chgnet-0.3.0 sevennet-0] [--structures 500] [--rounds 2] [--threads 1]

One process a model, in its own environment, the model loaded before the clock starts. What is timed on our side is the
worker's whole work on a shard: refusals, graphs, batches, forward passes, pooling. The four ways run in turns, the
shortest of all rounds counts, and the clock is the process's own CPU time, so that neighbours on the machine do not
disturb it. `loop`: the package's default call, one structure at a time. `loop, energy only`: the same, like for like.
`package's batches`: its own batched call, like for like: no forces.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from model_environments import environment_python, inside, setup_of  # noqa: E402

from matterzoo_harness.cards import read_card  # noqa: E402

LIMITS = {"loop": 2.5, "package's batches": 0.9}


def main() -> None:
    """Print a line a model and way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=["chgnet-0.3.0", "sevennet-0"])
    for name, value in {"structures": 500, "rounds": 2, "threads": 1}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    choices = parser.parse_args()
    for model in choices.models:
        card = read_card(ROOT / "zoo" / "models" / model / "card.toml")
        setup = setup_of(card) | {"threads": choices.threads, "node_budget": card.limits.node_budget}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "setup.json"
            file.write_text(json.dumps(setup))
            script = ROOT / "tests" / "models" / "inside" / "clock.py"
            line = [str(environment_python(card.environment)), str(script), str(file)]
            line += [str(choices.structures), str(choices.rounds)]
            variables = inside() | {"OMP_NUM_THREADS": str(choices.threads)}
            out = subprocess.run(line, env=variables, cwd=folder, stdout=subprocess.PIPE, text=True, check=True).stdout
        seconds = json.loads(out.splitlines()[-1])
        ours = seconds.pop("matterzoo")
        print(f"{model}: {choices.structures} structures in {ours:.2f} s")
        for way, taken in seconds.items():
            limit = f"  (at least {LIMITS[way]})" if way in LIMITS else ""
            print(f"  {way:24} {taken:7.2f} s   {taken / ours:5.2f} ×{limit}")


if __name__ == "__main__":
    main()
