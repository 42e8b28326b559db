"""The GPU benchmark walks through on a CPU, in an interpreter that has nothing but a plain torch and NumPy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

PLAIN = """
import importlib.abc, runpy, sys
have = set(sys.stdlib_module_names) | {
    "torch", "torchgen", "functorch", "numpy", "triton", "sympy", "mpmath", "networkx", "jinja2", "markupsafe", "fsspec",
    "filelock", "typing_extensions", "setuptools", "pkg_resources", "_distutils_hack", "nvidia", "cuda",
    "matterzoo_harness", "matterzoo_schemas", "made_embeddings", "mkl",
}
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in have:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.slow
def test_it_needs_a_plain_torch_and_this_repository_alone(tmp_path):
    """Started elsewhere, with an empty path: the script finds the repository's files by itself."""
    script = ROOT / "tests" / "benchmarks" / "gpu_suite.py"
    sizes = ["--device", "cpu", "--models", "4", "--records", "500", "--small", "300", "--check", "200"]
    done = subprocess.run(
        [sys.executable, "-c", PLAIN, str(script), *sizes], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    for said in ("clustered: equal within the bars", "M=4, N=500, mean d=176", "of the roofline", "all of this"):
        assert said in done.stdout
    for step in ("Neighbours", "Ranks", "Moments/gram", "Moments/distance", "Moments/rbf", "JointPairs", "tiles"):
        assert f"/{step} " in done.stdout
    assert "NOT equal" not in done.stdout


def test_without_a_gpu_it_says_so_and_ends_with_its_own_code():
    script = ROOT / "tests" / "benchmarks" / "gpu_suite.py"
    blind = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, env=blind)
    assert done.returncode == 71
    assert "no usable GPU" in done.stderr
