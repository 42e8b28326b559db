"""Molecules and tokens a CPU second, our way and by plain loops of transformers.

    python tests/benchmarks/strings.py

In the environment `transformers`, on one thread, at the sizes of ChemBERTa-77M and ESM-2 8M with random weights: the
worker's engine (refusals, batches, pooling) beside a loop over batches of 32 as strings come, and beside one over batches
sorted by length whose size was found by trying. Prints CPU seconds, and ends with 1 below 1.5 times the first or 0.9
times the second.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.provision import fetch_environment
from matterzoo_harness.runtimes.venv import create_environment
from matterzoo_harness.store import Store

ROOT = Path(__file__).resolve().parents[2]
OVER_NAIVE, OVER_SORTED = 1.5, 0.9


def main() -> int:
    """Measure in the environment, and print a line a model."""
    folder, store = find_environment("transformers"), Store()
    fetch_environment(folder, "cpu", store)
    python = create_environment(folder, "cpu", store) / "bin" / "python"
    variables = os.environ | {"PYTHONPATH": f"{ROOT / 'schemas'}:{ROOT / 'adapters'}", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as name:
        answer = Path(name) / "answer.json"
        script = ROOT / "tests" / "models" / "inside" / "string_rate.py"
        subprocess.run([python, script, answer], env=variables, check=True)
        measured = json.loads(answer.read_text())
    slow = False
    for model, one in measured.items():
        naive, best = one["naive"] / one["ours"], one["sorted"] / one["ours"]
        slow |= naive < OVER_NAIVE or best < OVER_SORTED
        rate = f"{one['strings'] / one['ours']:.0f} strings/s, {one['tokens'] / one['ours']:.0f} tokens/s"
        print(
            f"{model}: {one['ours']:.2f} CPU s for {one['strings']} strings, {rate}; {one['apart']:.1e} from the loop"
        )
        print(f"  {naive:.2f} × the naive loop ({one['naive']:.2f} s), bar {OVER_NAIVE}")
        print(f"  {best:.2f} × the sorted loop, {one['best_size']} a batch ({one['sorted']:.2f} s), bar {OVER_SORTED}")
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
