"""Golden vectors: how wide ones are kept small, and how far today's answer is from them.

A layer too wide to be kept is multiplied by a fixed matrix of signs, R [d, k] with entries ±1/√k (Achlioptas, Journal
of Computer and System Sciences 66, 671 (2003)): ‖x R‖² has the mean ‖x‖² and a relative spread of about √(2/k), so that
the relative difference of two projected vectors is that of the vectors themselves, within a few percent. The signs are
bits of SHAKE-256: no generator of random numbers has to give the same ones in years.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matterzoo_schemas.shard import Embeddings, Layer

LARGEST = 8192
"""Numbers a record, over all layers, that are kept as they are."""
KEPT = 256
"""Numbers a record and layer of a projected one."""
PROJECTED = "projected"
"""Where the header says how wide a projected layer was."""


def kept_small(answer: Embeddings) -> Embeddings:
    """Project the wide layers of an answer that has more than `LARGEST` numbers a record; any other is as it is."""
    wide = {name: layer.pooled.shape[1] for name, layer in answer.layers.items() if layer.pooled.shape[1] > KEPT}
    if not wide or sum(layer.pooled.shape[1] for layer in answer.layers.values()) <= LARGEST:
        return answer
    layers = {name: _projected(layer) if name in wide else layer for name, layer in answer.layers.items()}
    return replace(answer, layers=layers, header={**(answer.header or {}), PROJECTED: wide})


def distances(golden: Embeddings, answer: Embeddings) -> dict[str, float]:
    """Compare an answer about the same records with the golden one.

    Returns
    -------
    distances
        ‖today − golden‖ / ‖golden‖ of each record and layer, |ΔE| / max(|E|, 1 eV) of each record; infinite where one
        of both is no number or of another width.
    """
    found: dict[str, float] = {}
    header: Mapping[str, Any] = golden.header or {}
    wide = header.get(PROJECTED) or {}
    for layer, kept in golden.layers.items():
        today = answer.layers[layer]
        width = wide.get(layer, kept.pooled.shape[1])
        if today.pooled.shape[1] != width:
            return {f"layer {layer}, which was {width} numbers wide and is {today.pooled.shape[1]}": float("inf")}
        if layer in wide:
            today = _projected(today)
        old, new = kept.pooled.astype(np.float64), today.pooled.astype(np.float64)
        scale = np.maximum(np.linalg.norm(old, axis=1), np.finfo(np.float32).tiny)
        relative = np.linalg.norm(new - old, axis=1) / scale
        found |= {f"{name}, layer {layer}": float(d) for name, d in zip(golden.ids, relative, strict=True)}
    if golden.energy is not None:
        if answer.energy is None:
            return {"the energy, which is gone": float("inf")}
        relative = np.abs(answer.energy - golden.energy) / np.maximum(np.abs(golden.energy), 1.0)
        found |= {f"{name}, energy": float(d) for name, d in zip(golden.ids, relative, strict=True)}
    return {name: distance if np.isfinite(distance) else float("inf") for name, distance in found.items()}


def signs(width: int) -> npt.NDArray[np.float64]:
    """Return the matrix that vectors of a width are projected by [width, KEPT]: ±1/√KEPT, always the same."""
    bits = hashlib.shake_256(f"matterzoo/golden/{width}/{KEPT}".encode()).digest(width * KEPT // 8)
    drawn = np.unpackbits(np.frombuffer(bits, np.uint8)).reshape(width, KEPT).astype(np.float64)
    return np.asarray((2 * drawn - 1) / np.sqrt(KEPT))


def _projected(layer: Layer) -> Layer:
    return Layer((layer.pooled.astype(np.float64) @ signs(layer.pooled.shape[1])).astype(np.float32))
