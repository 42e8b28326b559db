"""Aurora (microsoft-aurora): the tokens that enter the decoder."""

from __future__ import annotations

from contextlib import suppress
from datetime import timezone
from typing import Any

import numpy as np
import torch

from matterzoo_adapters.models import torchvision_on_cpu  # noqa: F401 (aurora imports torchvision) isort: skip
import aurora

from matterzoo_adapters.base import Embedding, GridAdapter, GridBatch
from matterzoo_adapters.hooks import leaving
from matterzoo_adapters.models.spheres import patch_areas, patch_index
from matterzoo_schemas.fields import axes_of, wanted_fields

SURFACE = {
    "2m_temperature": "2t", "10m_u_component_of_wind": "10u", "10m_v_component_of_wind": "10v",
    "mean_sea_level_pressure": "msl",
}  # fmt: skip
STATIC = {"land_sea_mask": "lsm", "geopotential_at_surface": "z", "soil_type": "slt"}
UPPER = {
    "geopotential": "z", "u_component_of_wind": "u", "v_component_of_wind": "v", "temperature": "t",
    "specific_humidity": "q",
}  # fmt: skip
TWIN = {
    "encoder_depths": (1, 2, 1), "encoder_num_heads": (2, 4, 8), "decoder_depths": (1, 2, 1),
    "decoder_num_heads": (8, 4, 2), "embed_dim": 32, "num_heads": 4, "use_lora": False,
}  # fmt: skip
"""The untrained twin: the architecture of `Aurora`, small."""


class _EnoughError(Exception):
    """What is wanted was seen: the decoder need not run."""


class AuroraAdapter(GridAdapter):
    """Models of the package; the card's `version` is the package's class."""

    def load(self) -> None:
        """Build the class, or the small twin, and load the checkpoint as the package does."""
        version = self.setup.card.get("version")
        self.model: Any = getattr(aurora, version)() if version else aurora.Aurora(**TWIN)
        if not self.setup.random_weights:
            self.model.load_checkpoint_local(str(self.setup.checkpoint))
        self.model = self.model.to(self.device).eval()
        self.domain = self.setup.card["domain"]["grid"]
        self.wanted = wanted_fields(self.domain)

    def embed(self, batch: GridBatch) -> Embedding:
        """Return the backbone's tokens [Σ nᵢ, 2d] and the encoder's [Σ nᵢ, d]: latent levels × patches of 4 × 4 cells.

        The package takes static fields once for a whole batch: records that differ in them run apart.
        """
        values = batch.stacked(self.wanted)
        static = [row for row, one in enumerate(self.wanted) if one.hours is None]
        alike: dict[bytes, list[int]] = {}
        for row, fields in enumerate(values):
            alike.setdefault(fields[static].tobytes(), []).append(row)
        times = [time.replace(tzinfo=timezone.utc) for time in batch.times if time is not None]
        tokens: dict[str, list[torch.Tensor]] = {"backbone": [torch.empty(0)] * len(values)}
        tokens["encoder"] = list(tokens["backbone"])
        for rows in alike.values():
            for name, answer in self._forward(values[rows], [times[row] for row in rows]).items():
                for row, vectors in zip(rows, answer):  # noqa: B905 (Python 3.10)
                    tokens[name][row] = vectors
        levels, patch = self.model.encoder.latent_levels, self.model.patch_size
        latitude, longitude = axes_of(self.domain)
        index = patch_index(len(latitude), len(longitude), patch, levels)
        areas = np.tile(patch_areas(latitude, len(longitude), patch), levels)
        offsets = np.arange(len(values) + 1) * len(index)
        return Embedding(
            {name: torch.cat(parts) for name, parts in tokens.items()}, None, offsets,
            np.tile(index, len(values)), weights=np.tile(areas, len(values)),
        )  # fmt: skip

    @torch.inference_mode()
    def _forward(self, values: np.ndarray, times: list[Any]) -> dict[str, torch.Tensor]:
        prepared = as_batch(values, self.wanted, self.domain, times)
        stop = self.model.decoder.register_forward_pre_hook(_enough)
        try:
            with leaving(self.model.encoder, _itself) as encoded, leaving(self.model.backbone, _itself) as hidden:
                with suppress(_EnoughError):
                    self.model(prepared)
                return {"backbone": hidden.value, "encoder": encoded.value}
        finally:
            stop.remove()


def as_batch(values: np.ndarray, wanted: list[Any], domain: Any, times: list[Any]) -> Any:
    """Put fields [n, fields, latitudes, longitudes] into the package's batch: [n, hours, (levels,) latitudes, …]."""
    tensor = torch.from_numpy(values)
    place = {one: row for row, one in enumerate(wanted)}
    hours, levels = domain["hours"], [float(level) for level in domain["levels"]]
    latitude, longitude = axes_of(domain)
    return aurora.Batch(
        surf_vars={
            SURFACE[name]: tensor[:, [place[name, None, hour] for hour in hours]] for name in domain["surface"]
        },
        static_vars={STATIC[name]: tensor[0, place[name, None, None]] for name in domain["static"]},
        atmos_vars={
            UPPER[name]: torch.stack(
                [tensor[:, [place[name, level, hour] for level in levels]] for hour in hours], dim=1
            )
            for name in domain["upper"]
        },
        metadata=aurora.Metadata(
            lat=torch.from_numpy(latitude), lon=torch.from_numpy(longitude), time=tuple(times),
            atmos_levels=tuple(int(level) for level in levels),
        ),
    )  # fmt: skip


def _enough(_module: Any, _arguments: Any) -> None:
    raise _EnoughError


def _itself(output: torch.Tensor) -> torch.Tensor:
    return output
