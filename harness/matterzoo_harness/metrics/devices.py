"""Where tiles are computed, and how many rows of them at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from matterzoo_harness.metrics.errors import MetricError
from matterzoo_schemas.exit_codes import ExitCode


def pick_devices(device: str | Sequence[str]) -> list[torch.device]:
    """Return the torch devices of these names (a list, or commas between); see `pick_device`."""
    names = device.split(",") if isinstance(device, str) else device
    return [pick_device(name.strip()) for name in names]


def pick_device(device: str) -> torch.device:
    """Return the torch device of that name; never the CPU in place of a GPU that was asked for."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        place = torch.device(device)
    except RuntimeError as error:
        raise MetricError(f"there is no device {device!r}", "auto, cpu, cuda, cuda:1 or cuda:0,cuda:1") from error
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if place.type == "cuda" and (place.index or 0) >= found:
        raise MetricError(
            f"a GPU was asked for ({device}) and torch finds {found or 'none'}",
            "use --device cpu, or see `matterzoo doctor`",
            ExitCode.GPU_UNUSABLE,
        )
    return place


def strip_height(models: int, records: int, precision: str, device: torch.device) -> int:
    """Rows a strip whose two buffers of M·rows·N numbers fit in half a GiB (CPU) or in eight (GPU)."""
    budget, most = (1 << 29, 256) if device.type == "cpu" else (1 << 33, 512)
    row = 2 * max(models, 1) * records * (4 if precision == "float32" else 8)
    return int(max(16, min(most, budget // row)))
