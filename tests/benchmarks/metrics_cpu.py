"""The metric suite on one CPU thread: against shipped libraries, against its own kernels pair by pair, and its growth.

    python tests/benchmarks/metrics_cpu.py [--quick]

One process, interleaved, CPU seconds, medians of three. What other people ship is timed pair by pair on a few pairs and
extrapolated to all of them, and each such total is marked. dcor is called on float64 arrays with its own distances
(through scipy), since its broadcast needs N·N·d floats; platonic-rep's, DADApy's and IDCorrelation's formulas are written
down here with the same matrix products that their code runs, because they are not on the package index or not installed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import dcor
import numpy as np
import torch
from made_embeddings import made
from scipy.spatial.distance import cdist

from matterzoo_harness.metrics import compare, inputs
from matterzoo_harness.metrics.estimate import estimate
from matterzoo_harness.metrics.presets import resolve

METRICS = (
    "cknna",
    "mutual_knn",
    "cka_linear",
    "cka_linear_unbiased",
    "dcor",
    "dcor_sqr_unbiased",
    "information_imbalance",
    "id_correlation",
)
BARS = {"seconds": 6.0, "shipped": 200.0, "pairwise": 5.0, "growth N": 4.6, "growth M": 2.6}


def embeddings(models: int, records: int, width: int) -> dict[str, np.ndarray]:
    """Tanh features of a shared 12-dimensional latent, with noise, float32."""
    return {name: x.numpy() for name, x in made("shared", records, [width] * models).items()}


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def shipped(a: np.ndarray, b: np.ndarray, k: int = 10) -> None:
    """One pair, with the matrix products and loops of the shipped codes."""
    x, y = (torch.from_numpy(v / np.linalg.norm(v, axis=1, keepdims=True)) for v in (a, b))
    _platonic_mutual(x, y, k)
    _platonic_cknna(x, y, k)
    _platonic_cka(x, y, _hsic_biased)
    _platonic_cka(x, y, _hsic_unbiased)
    da, db = cdist(a, a), cdist(b, b)
    _dcor_pair(da, db)
    for left, right in ((da, db), (db, da)):
        ranks = np.argsort(np.argsort(right, axis=1), axis=1)
        np.take_along_axis(ranks, np.argsort(left, axis=1)[:, 1:2], axis=1).mean()
    z = [torch.from_numpy((v - v.mean(0)) / (v.std(0, ddof=1) + 1e-9)) for v in (a, b)]
    for v in (*z, torch.cat(z, 1)):
        torch.cdist(v, v).topk(3, largest=False)


def _dcor_pair(da: np.ndarray, db: np.ndarray) -> None:
    for centre, product in (
        (dcor.double_centered, dcor.average_product if hasattr(dcor, "average_product") else np.multiply),
        (dcor.u_centered, dcor.u_product),
    ):
        ca, cb = centre(da.copy()), centre(db.copy())
        for left, right in ((ca, cb), (ca, ca), (cb, cb)):
            np.mean(product(left, right))


def _platonic_mutual(x: torch.Tensor, y: torch.Tensor, k: int) -> None:
    found = [(v @ v.T).fill_diagonal_(-1e8).argsort(dim=1, descending=True)[:, :k] for v in (x, y)]
    n = len(x)
    masks = [torch.zeros(n, n).scatter_(1, f, 1) for f in found]
    (masks[0] * masks[1]).sum(1).div(k).mean()


def _hsic_biased(k: torch.Tensor, j: torch.Tensor) -> torch.Tensor:
    centre = torch.eye(len(k), dtype=k.dtype) - 1 / len(k)
    return torch.trace(k @ centre @ j @ centre)


def _hsic_unbiased(k: torch.Tensor, j: torch.Tensor) -> torch.Tensor:
    m = len(k)
    k, j = k.clone().fill_diagonal_(0), j.clone().fill_diagonal_(0)
    return ((k * j.T).sum() + k.sum() * j.sum() / ((m - 1) * (m - 2)) - 2 * (k @ j).sum() / (m - 2)) / (m * (m - 3))


def _platonic_cka(x: torch.Tensor, y: torch.Tensor, hsic: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> None:
    k, j = x @ x.T, y @ y.T
    hsic(k, j) / (torch.sqrt(hsic(k, k) * hsic(j, j)) + 1e-6)


def _platonic_cknna(x: torch.Tensor, y: torch.Tensor, topk: int) -> None:
    k, j = x @ x.T, y @ y.T
    masks = []
    for s in (k, j):
        index = s.clone().fill_diagonal_(-torch.inf).topk(topk, dim=1).indices
        masks.append(torch.zeros_like(s).scatter_(1, index, 1))
    for a, b in ((0, 1), (0, 0), (1, 1)):
        mask = masks[a] * masks[b]
        _hsic_unbiased(mask * (k, j)[a], mask * (k, j)[b])


def against_others(records: int) -> None:
    """Table one: M = 10, d = 256."""
    models = embeddings(10, records, 256)
    names, pairs = list(models), 45
    ours, pairwise, theirs = [], [], []
    for turn in range(3):
        ours.append(seconds(lambda: compare(models, metrics=METRICS)))
        a, b = names[turn], names[-1 - turn]
        pairwise.append(seconds(lambda: compare({a: models[a], b: models[b]}, metrics=METRICS)))  # noqa: B023
        theirs.append(seconds(lambda: shipped(models[a], models[b])))  # noqa: B023
    mine, by_pair, other = (statistics.median(v) for v in (ours, pairwise, theirs))
    print(f"M=10, N={records}, d=256, one thread, CPU seconds (three turns)")
    print(
        f"  one sweep, all pairs                    {mine:10.2f}   ({min(ours):.2f} … {max(ours):.2f}; bar {BARS['seconds']})"
    )
    print(
        f"  same kernels pair by pair, extrapolated {by_pair * pairs:10.2f}   {by_pair * pairs / mine:6.1f}×  (bar {BARS['pairwise']}×)"
    )
    print(
        f"  shipped code pair by pair, extrapolated {other * pairs:10.2f}   {other * pairs / mine:6.0f}×  (bar {BARS['shipped']:.0f}×)"
    )
    joined, preset, off = inputs.join(models), resolve("default", metrics=METRICS), []
    for _ in range(3):
        predicted = estimate(joined, preset).seconds
        began = time.perf_counter()
        compare(models, metrics=METRICS)
        off.append(predicted / (time.perf_counter() - began))
    said = ", ".join(f"{each:.2f}" for each in off)
    print(f"  --estimate over the wall clock that it then took: {said}   (load {os.getloadavg()[0]:.1f})")


def growth(quick: bool) -> None:
    """Table two: cost when N or M doubles."""
    for letter, cases in (
        ("N", [(8, n, 128) for n in ((1000, 2000) if quick else (1000, 2000, 4000, 8000))]),
        ("M", [(m, 2000, 128) for m in (4, 8, 16)]),
    ):
        before = None
        for models, records, width in cases:
            made = embeddings(models, records, width)
            took = statistics.median(seconds(lambda: compare(made, metrics=METRICS)) for _ in range(3))  # noqa: B023
            ratio = "" if before is None else f"{took / before:5.2f}× (bar {BARS['growth ' + letter]}×)"
            print(f"  M={models:<3} N={records:<6} d={width}   {took:8.2f} s   {ratio}")
            before = took


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="N = 1500 in place of 4000, and a short growth table")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    compare(embeddings(2, 400, 16), metrics=METRICS)
    against_others(1500 if quick else 4000)
    print("growth, one thread, CPU seconds, medians of three")
    growth(quick)


if __name__ == "__main__":
    main()
