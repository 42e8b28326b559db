"""GraphCast, run from its authors' code: the mesh nodes that enter the decoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import haiku as hk
import jax
import numpy as np
import numpy.typing as npt
import xarray

from matterzoo_adapters.base import Embedding, GridAdapter, GridBatch
from matterzoo_adapters.models.authors_code import package_of
from matterzoo_schemas.fields import Wanted, axes_of, wanted_fields

CODE = "graphcast"
TWIN = {
    "resolution": 0.0, "mesh_size": 2, "latent_size": 32, "gnn_msg_steps": 2, "hidden_layers": 1,
    "radius_query_fraction_edge_length": 0.6,
}  # fmt: skip
"""A small model of the published kind."""
STATISTICS = ("mean_by_level", "stddev_by_level", "diffs_stddev_by_level")
AHEAD = np.timedelta64(6, "h")
SUN, HOUR_OF_SUN = "toa_incident_solar_radiation", 4.9e6
"""Computed by the authors' code in J/m²; an untrained twin, which has no statistics, counts hours of full sun."""


class GraphCastAdapter(GridAdapter):
    """Checkpoints as the authors' code writes them (`model.npz`), with the statistics of their data beside them."""

    backend = "jax"

    def load(self) -> None:
        """Build the network with the authors' code, and load the weights unless they are to be random."""
        folder = self.setup.checkpoint
        self.domain = self.setup.card["domain"]["grid"]
        self.wanted = wanted_fields(self.domain)
        authors = package_of(folder, f"{CODE}.graphcast")
        self.task: Any = authors.TASK_13
        statistics: list[xarray.Dataset] = []
        config, self.params = authors.ModelConfig(**TWIN), None
        if not self.setup.random_weights:
            with (folder / "model.npz").open("rb") as file:
                checkpoint = package_of(folder, f"{CODE}.checkpoint").load(file, authors.CheckPoint)
            config, self.params, self.task = checkpoint.model_config, checkpoint.params, checkpoint.task_config
            statistics = [xarray.load_dataset(folder / f"{name}.nc") for name in STATISTICS]
        self.data = package_of(folder, f"{CODE}.data_utils")
        forward = hk.without_apply_rng(hk.transform(mesh_states(folder, config, self.task, statistics)))
        with jax.default_device(self.device):
            if self.params is None:
                zeros = np.zeros((len(self.wanted), self.domain["latitudes"], self.domain["longitudes"]), np.float32)
                example = self._prepared(zeros, datetime.fromisoformat("2020-01-01T06:00"))
                self.params = jax.jit(forward.init)(jax.random.PRNGKey(self.setup.seed), *example)
            self.forward: Callable[..., Any] = jax.jit(forward.apply)

    def weights(self) -> Mapping[str, npt.NDArray[Any]]:
        """Return every learned array by module and name."""
        return {
            f"{at}/{name}": np.asarray(a) for at, arrays in (self.params or {}).items() for name, a in arrays.items()
        }

    def embed(self, batch: GridBatch) -> Embedding:
        """Return the mesh nodes' states [Σ nᵢ, d] after the last message, record by record as in a forecast."""
        states = []
        with jax.default_device(self.device):
            for values, time in zip(batch.stacked(self.wanted), batch.times):  # noqa: B905 (Python 3.10)
                assert time is not None  # a record without the time before was refused
                answer = self.forward(self.params, *self._prepared(values, time))
                states.append(np.asarray(answer[:, 0], np.float32))
        sizes = [len(one) for one in states]
        index = np.concatenate([np.arange(size, dtype=np.int64) for size in sizes])
        return Embedding({"mesh": np.concatenate(states)}, None, np.concatenate([[0], np.cumsum(sizes)]), index)

    def _prepared(self, values: npt.NDArray[np.float32], time: datetime) -> tuple[Any, Any, Any]:
        """Make the authors' inputs, targets (of which only the shape is read) and forcings of one record."""
        values = of_one_size(values) if self.setup.random_weights else values
        inputs, targets, forcings = self.data.extract_inputs_targets_forcings(
            dataset_of(values, self.wanted, self.domain, time),
            input_variables=self.task.input_variables, target_variables=self.task.target_variables,
            forcing_variables=self.task.forcing_variables, pressure_levels=self.task.pressure_levels,
            input_duration=self.task.input_duration, target_lead_times="6h",
        )  # fmt: skip
        if self.setup.random_weights:
            inputs, forcings = (data.assign({SUN: data[SUN] / HOUR_OF_SUN}) for data in (inputs, forcings))
        return inputs, targets * np.nan, forcings


def mesh_states(folder: Path, config: Any, task: Any, statistics: list[xarray.Dataset]) -> Callable[..., Any]:
    """Return the function (inputs, targets, forcings) → [mesh nodes, 1, d], wrapped as the authors' notebook does."""
    authors = package_of(folder, f"{CODE}.graphcast")

    class Watched(authors.GraphCast):  # type: ignore[misc, name-defined]
        def _run_mesh_gnn(self, latent: Any) -> Any:
            self.states = super()._run_mesh_gnn(latent)
            return self.states

    def run(inputs: Any, targets: Any, forcings: Any) -> Any:
        watched = predictor = Watched(config, task)
        if statistics:
            mean, spread, differences = statistics
            predictor = package_of(folder, f"{CODE}.casting").Bfloat16Cast(predictor)
            predictor = package_of(folder, f"{CODE}.normalization").InputsAndResiduals(
                predictor, diffs_stddev_by_level=differences, mean_by_level=mean, stddev_by_level=spread
            )
        predictor(inputs, targets_template=targets, forcings=forcings)
        return watched.states

    return run


def of_one_size(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Bring fields to one size by their own means and spreads: of an untrained twin, any will do."""
    mean, spread = (f(values, axis=(1, 2), keepdims=True) for f in (np.mean, np.std))
    scaled: npt.NDArray[np.float32] = ((values - mean) / np.where(spread > 0, spread, 1)).astype(np.float32)
    return scaled


def dataset_of(
    values: npt.NDArray[np.float32], wanted: list[Wanted], domain: Mapping[str, Any], time: datetime
) -> xarray.Dataset:
    """Put fields [fields, latitudes, longitudes] into the authors' data set, with a step ahead that holds nothing."""
    place = {one: row for row, one in enumerate(wanted)}
    latitude, longitude = axes_of(domain)
    from_south = values[:, ::-1]
    empty, hours = np.full(from_south.shape[1:], np.nan, np.float32), domain["hours"]
    levels = [float(level) for level in domain["levels"]]
    data: dict[str, Any] = {}
    for name in domain["surface"]:
        steps = [from_south[place[Wanted(name, None, hour)]] for hour in hours]
        data[name] = (("batch", "time", "lat", "lon"), np.stack([*steps, empty])[None])
    for name in domain["upper"]:
        steps = [np.stack([from_south[place[Wanted(name, level, hour)]] for level in levels]) for hour in hours]
        nothing = np.broadcast_to(empty, steps[0].shape)
        data[name] = (("batch", "time", "level", "lat", "lon"), np.stack([*steps, nothing])[None])
    for name in domain["static"]:
        data[name] = (("lat", "lon"), from_south[place[Wanted(name, None, None)]])
    offsets = np.array([*(np.timedelta64(hour, "h") for hour in hours), AHEAD]).astype("timedelta64[ns]")
    moments = np.datetime64(time).astype("datetime64[ns]") + offsets
    coordinates = {
        "time": offsets, "lat": latitude[::-1].astype(np.float32), "lon": longitude.astype(np.float32),
        "level": np.array(levels, np.int32), "datetime": (("batch", "time"), moments[None]),
    }  # fmt: skip
    return xarray.Dataset(data, coordinates)
