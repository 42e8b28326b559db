"""Run an archived model over its fixed records and compare with what it once said about them.

`python replay.py MODEL`, with the Python of the model's environment. This file lies in the archive, beside the model's
worker (`sources/`), and needs nothing else of matterzoo: NumPy, and a Python of 3.10 or newer.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FAILED = 4
"""Exit code where the vectors are others than the golden ones."""


def main() -> int:
    """Run the model over its own records, or over the user's."""
    parser = argparse.ArgumentParser(description="Run an archived model; without --records, over its fixed records.")
    parser.add_argument("model")
    parser.add_argument("--records", type=Path, help="another file of records (README.md says how to make one)")
    parser.add_argument("--out", type=Path, help="where the vectors are put: vectors.safetensors by default")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--json", action="store_true", help="write the result as JSON")
    given = parser.parse_args()
    sys.path.insert(0, str(HERE / "sources"))
    folder = HERE / "models" / given.model
    request = json.loads((folder / "request.json").read_text("utf-8"))
    records = given.records or folder / "records.safetensors"
    with tempfile.TemporaryDirectory(prefix="matterzoo-replay-") as scratch:
        out = given.out or (Path("vectors.safetensors") if given.records else Path(scratch) / "vectors.safetensors")
        ready = answer(request, records.resolve(), out.resolve(), given.device, scratch)
        result: dict[str, Any] = {"model": given.model, "versions": ready["versions"]}
        if given.records:
            result |= {"file": str(out), "passed": True}
        else:
            result |= compare(folder / "golden.safetensors", out, ready.get("tokens") or {})
    print(json.dumps(result) if given.json else "\n".join(f"{name}: {value}" for name, value in result.items()))
    return 0 if result["passed"] else FAILED


def answer(request: dict[str, Any], records: Path, out: Path, device: str, scratch: str) -> dict[str, Any]:
    """Have a worker load the model and embed all records into one file; return what it said when it was loaded."""
    from matterzoo_schemas.records import Records

    variables = {name: value.replace("{home}", scratch) for name, value in request["variables"].items()}
    if device != "cpu":
        variables.pop("CUDA_VISIBLE_DEVICES", None)
    paths = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(HERE / "sources")}
    weights = str(HERE / request["weights"]) if request["weights"] else None
    if weights and not Path(weights).exists():
        sys.exit(f"the weights were left out of this archive: {request['weights_from']}\n  → put them at {weights}")
    worker = subprocess.Popen(
        [sys.executable, "-m", "matterzoo_adapters.worker"],
        env={**os.environ, **variables, **paths}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=scratch,
    )  # fmt: skip
    setup = {**request["setup"], "device": device, "weights": weights}
    rows = {"start": 0, "stop": len(Records.open(records))}
    try:
        ready = ask(worker, {"type": "load", "setup": setup}, "ready")
        expected = request["weights_sha256"]
        if expected and ready["weights_sha256"] != expected:
            sys.exit(f"these are other weights than the archived ones: {ready['weights_sha256']}, not {expected}")
        header = {**request["header"], "start": 0}
        shard = {"shard": 0, "records": str(records), "output": str(out), "header": header, **rows}
        ask(worker, {"type": "embed", **shard, "failed": {}, "alone": []}, "done")
    finally:
        if worker.stdin:
            worker.stdin.close()
        worker.wait()
    return ready


def ask(worker: subprocess.Popen[bytes], request: dict[str, Any], wanted: str) -> dict[str, Any]:
    """Send one line of JSON, and read lines until the wanted answer comes."""
    if worker.stdin is None or worker.stdout is None:
        sys.exit("the worker has no pipes")
    worker.stdin.write(json.dumps(request).encode() + b"\n")
    worker.stdin.flush()
    for line in worker.stdout:
        event: dict[str, Any] = json.loads(line)
        if event["type"] == wanted:
            return event
        if event["type"] == "failed":
            sys.stderr.write(f"{event['message']}\n")
            sys.exit(int(event["code"]))
    sys.exit(f"the model's process ended with exit code {worker.wait()}")


def compare(golden_file: Path, answer_file: Path, tokens: dict[str, Any]) -> dict[str, Any]:
    """Compare vectors, energies and token ids with the golden ones: the largest ‖new − golden‖ / ‖golden‖ there is."""
    from matterzoo_schemas.golden import distances
    from matterzoo_schemas.shard import Embeddings

    if not golden_file.is_file():
        return {"passed": False, "message": "this archive has no golden vectors to compare with"}
    golden, new = Embeddings.open(golden_file), Embeddings.open(answer_file)
    header: Any = golden.header
    if list(golden.ids) != list(new.ids) or sorted(golden.layers) != sorted(new.layers) or not new.ok.all():
        return {"passed": False, "message": "other records, other layers, or a record without a vector"}
    if (header.get("tokens") or {}) != tokens:
        return {"passed": False, "message": "the tokenizer reads its fixed strings as other ids"}
    found = distances(golden, new)
    worst = max(found, key=lambda name: found[name])
    passed = bool(found[worst] <= float(header["tolerance"]))
    message = f"largest difference {found[worst]:.1e} ({worst})" if found[worst] else "the same bits"
    return {
        "passed": passed, "message": message, "distance": found[worst], "tolerance": header["tolerance"],
        "records": len(golden), "golden_of": header["device"],
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
