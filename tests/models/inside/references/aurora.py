"""Aurora's own forward pass, decoder and all, one record at a time."""

from __future__ import annotations

from copy import copy, deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from matterzoo_schemas.views import Grid

NAMES = {
    "2m_temperature": "2t", "10m_u_component_of_wind": "10u", "10m_v_component_of_wind": "10v",
    "mean_sea_level_pressure": "msl", "land_sea_mask": "lsm", "geopotential_at_surface": "z", "soil_type": "slt",
    "geopotential": "z", "u_component_of_wind": "u", "v_component_of_wind": "v", "temperature": "t",
    "specific_humidity": "q",
}  # fmt: skip


def reference(adapter: Any) -> Any:
    """What leaves the backbone while the model makes its forecast."""
    import torch
    from aurora import Batch, Metadata

    model, seen = deepcopy(adapter.model), []
    model.backbone.register_forward_hook(lambda _module, _arguments, output: seen.append(output))

    @torch.inference_mode()
    def call(grid: Grid) -> np.ndarray:
        times = sorted({field.time for field in grid.fields if field.time})
        levels = sorted({field.level for field in grid.fields if field.level})
        found = {(f.name, f.level, f.time): torch.from_numpy(v) for f, v in zip(grid.fields, grid.values, strict=True)}
        surface = {n for n, level, time in found if level is None and time}
        static = {n for n, _, time in found if time is None}
        upper = {n for n, level, _ in found if level}
        batch = Batch(
            surf_vars={NAMES[n]: torch.stack([found[n, None, t] for t in times])[None] for n in sorted(surface)},
            static_vars={NAMES[n]: found[n, None, None] for n in sorted(static)},
            atmos_vars={
                NAMES[n]: torch.stack([torch.stack([found[n, at, t] for at in levels]) for t in times])[None]
                for n in sorted(upper)
            },
            metadata=Metadata(
                lat=torch.from_numpy(grid.latitude.copy()), lon=torch.from_numpy(grid.longitude.copy()),
                time=(datetime.fromisoformat(times[-1]).replace(tzinfo=UTC),),
                atmos_levels=tuple(int(level) for level in levels),
            ),
        )  # fmt: skip
        model.forward(batch)
        hidden: np.ndarray = seen.pop()[0].numpy()
        return hidden

    return call


def save(adapter: Any, path: Path) -> None:
    """Write the weights as they are published: a state dictionary, here with the prefix that training gives it."""
    import torch

    torch.save({f"net.{name}": tensor for name, tensor in adapter.model.state_dict().items()}, path)


def reloaded(adapter: Any, path: Path) -> Any:
    """Return an adapter whose model the package itself built and loaded."""
    import aurora

    again = copy(adapter)
    again.model = getattr(aurora, adapter.setup.card["version"])().eval()
    again.model.load_checkpoint_local(str(path))
    return again
