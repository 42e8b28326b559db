"""How long embedding takes beside the loop a user writes today, and beside the package's own batched call.

    python tests/benchmarks/models.py [chgnet-0.3.0 sevennet-0] [--structures 500] [--rounds 2] [--threads 1]

One process a model, in its own environment, the model loaded before the clock starts. What is timed on our side is the
worker's whole work on a shard: refusals, graphs, batches, forward passes, pooling. The four ways run in turns, the
shortest of all rounds counts, and the clock is the process's own CPU time, so that neighbours on the machine do not
disturb it. `loop`: the package's default call, one structure at a time. `loop, energy only`: the same, like for like.
`package's batches`: its own batched call, like for like: no forces.

Then the same structures go through `matterzoo run` itself (planned, sent to a worker, answered, gathered); its clock is the
wall's, from the moment that the worker says it is ready, so a busy machine counts against us.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from model_environments import environment_python, inside, setup_of  # noqa: E402

from matterzoo.catalogue import find  # noqa: E402
from matterzoo_harness.cards import read_card  # noqa: E402
from matterzoo_harness.embedding import Request, embed  # noqa: E402
from matterzoo_harness.executors.base import Notice  # noqa: E402
from matterzoo_harness.inputs import Inputs  # noqa: E402
from matterzoo_harness.plan import Choices  # noqa: E402

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
            variables = inside(Path(folder)) | {"OMP_NUM_THREADS": str(choices.threads)}
            out = subprocess.run(line, env=variables, cwd=folder, stdout=subprocess.PIPE, text=True, check=True).stdout
            run = min(through_the_command(model, Path(folder), choices.threads, turn) for turn in range(choices.rounds))
        seconds = json.loads(out.splitlines()[-1])
        worker = seconds.pop("matterzoo")
        print(
            f"{model}: {choices.structures} structures in {worker:.2f} s in the worker, {run:.2f} s through the command"
        )
        print(f"  {'':24} {'':9}   {'worker':>8} {'command':>8}")
        for way, taken in seconds.items():
            limit = f"  (at least {LIMITS[way]})" if way in LIMITS else ""
            print(f"  {way:24} {taken:7.2f} s   {taken / worker:6.2f} × {taken / run:6.2f} ×{limit}")


def through_the_command(model: str, folder: Path, threads: int, turn: int) -> float:
    """Return the seconds from a loaded model to the gathered file."""
    ready = [0.0]

    def listen(notice: Notice) -> None:
        if notice.kind == "ready":
            ready[0] = time.perf_counter()

    inputs = Inputs.read([folder / "records.safetensors"], folder / f"run-{turn}")
    request = Request(folder / f"run-{turn}", runtime="venv", device="cpu", choices=Choices(threads=threads))
    (outcome,) = embed([find(model)], inputs, request, listen)
    if outcome.error or outcome.embeddings is None or not outcome.embeddings.ok.all():
        raise SystemExit(f"{model}: {outcome.error or 'not every structure was embedded'}")
    return time.perf_counter() - ready[0]


if __name__ == "__main__":
    main()
