"""ClimaX, run from its authors' code: the tokens that enter the prediction head."""

from __future__ import annotations

from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from matterzoo_adapters.base import Embedding, GridAdapter, GridBatch
from matterzoo_adapters.models import torchvision_on_cpu  # noqa: F401 (timm imports torchvision)
from matterzoo_adapters.models.authors_code import package_of
from matterzoo_adapters.models.spheres import patch_areas, patch_index
from matterzoo_schemas.fields import Wanted, axes_of, wanted_fields

LEVELS = (50, 250, 500, 600, 700, 850, 925)
UPPER = (
    "geopotential", "u_component_of_wind", "v_component_of_wind", "temperature", "relative_humidity",
    "specific_humidity",
)  # fmt: skip
LATITUDE = "lattitude"
VARIABLES = (
    "land_sea_mask", "orography", LATITUDE, "2m_temperature", "10m_u_component_of_wind", "10m_v_component_of_wind",
    *(f"{name}_{level}" for name in UPPER for level in LEVELS),
)  # fmt: skip
"""In the order of the model's tables, spelt as configs/global_forecast_climax.yaml spells them."""
SIZE: dict[str, Any] = {"embed_dim": 1024, "depth": 8, "decoder_depth": 2, "num_heads": 16}
TWIN: dict[str, Any] = {"embed_dim": 64, "depth": 2, "decoder_depth": 1, "num_heads": 4}
STATISTICS = ("normalize_mean.npz", "normalize_std.npz")


class ClimaXAdapter(GridAdapter):
    """Checkpoints as its authors' pretraining saves them, with their code and their data's statistics beside them."""

    def load(self) -> None:
        """Build the network with the authors' code, and load the weights unless they are to be random.

        Raises
        ------
        ValueError
            If the statistics that inputs are normalised by are not there.
        """
        folder = self.setup.checkpoint
        self.domain = self.setup.card["domain"]["grid"]
        self.wanted = wanted_fields(self.domain)
        self.statistics: tuple[npt.NDArray[np.float32], ...] | None = None
        weights: dict[str, torch.Tensor] = {}
        if not self.setup.random_weights:
            self.statistics = statistics_of(folder)
            weights = weights_of(folder / "model.ckpt")
        rows, columns = self.domain["latitudes"], self.domain["longitudes"]
        self.patch = isqrt(rows * columns // weights["pos_embed"].shape[1]) if weights else 2
        self.model: Any = package_of(folder, "climax.arch").ClimaX(
            VARIABLES, img_size=[rows, columns], patch_size=self.patch, **(SIZE if weights else TWIN)
        )
        if weights:
            self.model.load_state_dict(weights)
        self.model = self.model.to(self.device).eval()

    @torch.inference_mode()
    def embed(self, batch: GridBatch) -> Embedding:
        """Return the encoder's tokens [Σ nᵢ, d] after its last norm, patch by patch from north to south."""
        values = torch.from_numpy(self.normalised(batch)).to(self.device)
        hours = torch.full((len(values),), float(self.setup.options["lead_time"]) / 100, device=self.device)
        tokens = self.model.forward_encoder(values, hours, VARIABLES)
        latitude, longitude = axes_of(self.domain)
        index = patch_index(len(latitude), len(longitude), self.patch)
        areas = patch_areas(latitude, len(longitude), self.patch)
        from_north = tokens.unflatten(1, (len(latitude) // self.patch, -1)).flip(1).flatten(0, 2)
        return Embedding(
            {"encoder": from_north}, None, np.arange(len(values) + 1) * len(index), np.tile(index, len(values)),
            weights=np.tile(areas, len(values)),
        )  # fmt: skip

    def normalised(self, batch: GridBatch) -> npt.NDArray[np.float32]:
        """Return the fields [n, 48, latitudes, longitudes] in the model's order, from south to north as it has them."""
        stacked = batch.stacked(self.wanted)
        latitude = np.broadcast_to(axes_of(self.domain)[0][:, None], stacked.shape[2:]).astype(np.float32)
        found = {name_of(one): stacked[:, row] for row, one in enumerate(self.wanted)}
        found[LATITUDE] = np.broadcast_to(latitude, (len(stacked), *latitude.shape))
        values = np.stack([found[name] for name in VARIABLES], axis=1)[:, :, ::-1]
        if self.statistics is None:  # of an untrained twin: any will do that keeps the fields of one size
            mean, spread = values.mean(axis=(2, 3), keepdims=True), values.std(axis=(2, 3), keepdims=True)
        else:
            mean, spread = (each[None, :, None, None] for each in self.statistics)
        scaled: npt.NDArray[np.float32] = ((values - mean) / np.where(spread > 0, spread, 1)).astype(np.float32)
        return scaled


def name_of(wanted: Wanted) -> str:
    """Return the model's name of a field."""
    return wanted.name if wanted.level is None else f"{wanted.name}_{wanted.level:g}"


def statistics_of(folder: Path) -> tuple[npt.NDArray[np.float32], ...]:
    """Read means and spreads [48] as the authors' preparation of data writes them.

    Raises
    ------
    ValueError
        If they are not there.
    """
    missing = [name for name in STATISTICS if not (folder / name).is_file()]
    if missing:
        raise ValueError(
            f"ClimaX's authors publish no statistics of their data: {' and '.join(missing)} must be made with their "
            "nc2np_equally_era5.py and lie beside the weights"
        )
    files = [np.load(folder / name) for name in STATISTICS]
    return tuple(np.concatenate([np.ravel(file[name])[:1] for name in VARIABLES]).astype(np.float32) for file in files)


def weights_of(file: Path) -> dict[str, torch.Tensor]:
    """Return the network's weights from a checkpoint of Lightning, under the names that the code has today."""
    content = torch.load(file, map_location="cpu", weights_only=False)["state_dict"]
    return {
        name.removeprefix("net.").replace("channel", "var"): tensor
        for name, tensor in content.items()
        if name.startswith("net.")
    }
