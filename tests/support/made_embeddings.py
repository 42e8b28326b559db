"""Embeddings that benchmarks make: of a shared latent, unrelated, or in tight clusters far from the origin. Torch only."""

from __future__ import annotations

from collections.abc import Sequence

import torch

WIDTHS = (64, 128, 256, 256, 384, 512, 512, 768, 1024, 1216)
"""Ten widths of mean 512, as those of published models spread."""


def widths(models: int) -> list[int]:
    """Return as many widths as there are models, mean 512 for every ten."""
    return [WIDTHS[i % len(WIDTHS)] for i in range(models)]


def made(
    kind: str, records: int, wide: Sequence[int], device: torch.device | str = "cpu", seed: int = 0
) -> dict[str, torch.Tensor]:
    """Return m0 … of shape [records, width], float32.

    `shared` is tanh of a map from 12 latent numbers, with noise; `gauss` is noise alone; `clustered` is 40 clusters of
    width 0.05 that lie 3 apart and 10 from the origin, which is hard in float32.
    """
    g = torch.Generator(device=device).manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=g, device=device)

    latent = normal(records, 12)
    label = torch.randint(40, (records,), generator=g, device=device)
    embeddings = {}
    for i, width in enumerate(wide):
        noise = normal(records, width)
        if kind == "shared":
            noise = torch.tanh(latent @ normal(12, width) / 3).add_(noise, alpha=0.1)
        elif kind == "clustered":
            noise = noise.mul_(0.05).add_(3 * normal(40, width)[label] + 10)
        embeddings[f"m{i}"] = noise
    return embeddings
