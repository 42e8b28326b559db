"""A meteorologist's way: a NetCDF file in, vectors of several models out, and how these compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

import matterzoo as mz
from matterzoo_harness.samples.grids import samples

pytestmark = [pytest.mark.model_env, pytest.mark.slow, pytest.mark.xdist_group("grids")]

MODELS = ("zonal-mean", "zonal-waves", "aurora-random")


def as_netcdf(path: Path) -> Path:
    """Write two states, six hours apart, at twice the models' resolution, as the Climate Data Store would."""
    grid = samples(1, 64, 128, poles=False)[0].views["grid"]
    times = sorted({field.time for field in grid.fields if field.time})
    found = {(f.name, f.level, f.time): values for f, values in zip(grid.fields, grid.values, strict=True)}
    units = {field.name: field.units for field in grid.fields}
    levels = sorted({field.level for field in grid.fields if field.level})
    place, variables = ("latitude", "longitude"), {}
    for name in dict.fromkeys(field.name for field in grid.fields):
        if (name, None, None) in found:
            variables[name] = (place, found[name, None, None])
        elif (name, None, times[0]) in found:
            variables[name] = (("valid_time", *place), np.stack([found[name, None, t] for t in times]))
        else:
            values = np.stack([np.stack([found[name, level, t] for level in levels]) for t in times])
            variables[name] = (("valid_time", "pressure_level", *place), values)
    data = xarray.Dataset(
        {name: (dims, values, {"units": units[name]}) for name, (dims, values) in variables.items()},
        {
            "valid_time": np.array(times, "datetime64[ns]"),
            "pressure_level": ("pressure_level", levels, {"units": "hPa"}),
            "latitude": grid.latitude,
            "longitude": grid.longitude,
        },
    )
    data.to_netcdf(path, engine="h5netcdf")
    return path


def test_a_sample_is_embedded_by_a_model_of_the_atmosphere_and_two_baselines_and_compared(
    matterzoo: Any, tmp_path: Path
) -> None:
    code, _, stderr = matterzoo(
        "embed", "sample:grids", "-m", ",".join(MODELS), "-o", tmp_path, "--runtime", "venv", timeout=1500
    )
    assert code == 0, stderr
    answers = [mz.load(tmp_path / f"{model}.safetensors") for model in MODELS]
    assert all(answer.ok.all() and len(answer) == 24 for answer in answers)
    code, stdout, stderr = matterzoo("metrics", tmp_path, "--permutations", "0", "--json", timeout=900)
    assert code == 0, stderr
    assert {row["model"] for row in json.loads(stdout)["models"]} == set(MODELS)


def test_a_users_netcdf_is_brought_to_the_models_points_and_the_first_step_lacks_its_past(
    matterzoo: Any, tmp_path: Path
) -> None:
    file = as_netcdf(tmp_path / "era5.nc")
    code, stdout, stderr = matterzoo(
        "run", "aurora-random", file, "-o", tmp_path / "out", "--runtime", "venv", "--json", timeout=900
    )
    assert code == 3, stderr
    (answer,) = json.loads(stdout)
    assert (answer["records"], answer["ok"]) == (2, 1)
    assert "6 h before" in answer["failed"][0]["reason"]
    header = mz.load(tmp_path / "out" / "aurora-random.safetensors").header
    (conversion,) = header["derived"]["conversions"]
    assert conversion["steps"][0]["name"] == "conservative-regrid"
