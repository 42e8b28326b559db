"""Fields from NetCDF: every time step a record, names and units as ERA5 has them, axes as the file has them."""

from __future__ import annotations

import bz2
from pathlib import Path

import numpy as np
import pytest
import xarray

from matterzoo_harness.readers import read
from matterzoo_schemas.exit_codes import MatterzooError

LATITUDE, LONGITUDE = np.array([60.0, 0.0, -60.0]), np.array([-90.0, 0.0, 90.0, 180.0])
TIMES = np.array(["2020-01-01T00:00", "2020-01-01T06:00", "2020-01-01T12:00"], "datetime64[ns]")
FORMATS = [("NETCDF4", "h5netcdf"), ("NETCDF3_64BIT", "scipy")]


def era5() -> xarray.Dataset:
    """Two variables of three steps and one that never changes, as the Climate Data Store writes them."""
    rng = np.random.default_rng(0)
    surface, upper = rng.normal(280, 10, (3, 3, 4)), rng.normal(250, 10, (3, 2, 3, 4))
    return xarray.Dataset(
        {
            "t2m": (("valid_time", "latitude", "longitude"), surface.astype(np.float32), {"units": "K"}),
            "u": (
                ("valid_time", "pressure_level", "latitude", "longitude"),
                upper.astype(np.float32),
                {"units": "m s-1"},
            ),
            "z": (("latitude", "longitude"), np.ones((3, 4), np.float32), {"units": "m2 s-2"}),
        },
        {
            "valid_time": TIMES,
            "pressure_level": ("pressure_level", [500.0, 850.0], {"units": "hPa"}),
            "latitude": LATITUDE,
            "longitude": LONGITUDE,
        },
    )


def written(data: xarray.Dataset, folder: Path, kind: tuple[str, str] = FORMATS[0]) -> Path:
    path = folder / "era5.nc"
    data.to_netcdf(path, format=kind[0], engine=kind[1])
    return path


@pytest.mark.parametrize("kind", FORMATS, ids=[name for name, _ in FORMATS])
def test_each_step_is_a_record_of_named_fields_with_units_levels_and_times(
    tmp_path: Path, kind: tuple[str, str]
) -> None:
    result = read(written(era5(), tmp_path, kind))
    assert list(result.records.ids) == ["era5:2020-01-01T00:00", "era5:2020-01-01T06:00", "era5:2020-01-01T12:00"]
    first, second, _ = (result.records[row].views["grid"] for row in range(3))
    assert [(f.name, f.units, f.level, f.time) for f in first.fields] == [
        ("2m_temperature", "K", None, "2020-01-01T00:00"),
        ("u_component_of_wind", "m s**-1", 500.0, "2020-01-01T00:00"),
        ("u_component_of_wind", "m s**-1", 850.0, "2020-01-01T00:00"),
        ("geopotential_at_surface", "m**2 s**-2", None, None),
    ]
    assert [field.time for field in second.fields[:4:3]] == ["2020-01-01T00:00", "2020-01-01T06:00"]


def test_longitudes_run_from_zero_and_values_go_with_them(tmp_path: Path) -> None:
    data = era5()
    grid = read(written(data, tmp_path)).records[0].views["grid"]
    np.testing.assert_array_equal(grid.longitude, [0.0, 90.0, 180.0, 270.0])
    np.testing.assert_array_equal(grid.latitude, LATITUDE)
    np.testing.assert_array_equal(grid.values[0], data["t2m"].values[0][:, [1, 2, 3, 0]])


def test_names_of_cf_pressures_in_pascal_and_packed_values_are_understood(tmp_path: Path) -> None:
    data = xarray.Dataset(
        {"x": (("plev", "lat", "lon"), np.full((1, 3, 4), 251.5), {"standard_name": "air_temperature", "units": "K"})},
        {"plev": ("plev", [50000.0], {"units": "Pa"}), "lat": LATITUDE, "lon": LONGITUDE % 360},
    )
    data["x"].encoding = {"dtype": "int16", "scale_factor": 0.01, "add_offset": 250.0, "_FillValue": -32768}
    sample = read(written(data, tmp_path)).records[0]
    assert sample.id == "era5"
    assert [str(field) for field in sample.views["grid"].fields] == ["temperature at 500 hPa"]
    np.testing.assert_allclose(sample.views["grid"].values, 251.5, atol=1e-2)


def test_a_compressed_file_is_read_too(tmp_path: Path) -> None:
    plain = written(era5(), tmp_path)
    packed = tmp_path / "packed.nc.bz2"
    packed.write_bytes(bz2.compress(plain.read_bytes()))
    assert read(packed).records.ids[0] == "packed:2020-01-01T00:00"


def test_a_damaged_step_costs_itself_only(tmp_path: Path) -> None:
    data = era5()
    data["t2m"].encoding = {"chunksizes": (1, 3, 4), "zlib": True}
    path = written(data, tmp_path)
    import h5py

    with h5py.File(path) as file:
        place = file["t2m"].id.get_chunk_info_by_coord((2, 0, 0))
    content = bytearray(path.read_bytes())
    content[place.byte_offset : place.byte_offset + place.size] = bytes(place.size)
    path.write_bytes(bytes(content))
    result = read(path)
    assert list(result.failures) == ["era5:2020-01-01T12:00"]
    assert "cannot be read" in result.failures["era5:2020-01-01T12:00"]
    assert len(result.records) == 3


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (era5().expand_dims(number=2), "choose one first"),
        (era5().rename(latitude="y"), "no dimension latitude"),
        (era5()[["pressure_level", "latitude", "longitude"]].assign(a=("latitude", [1.0, 2, 3])), "no variable lies"),
    ],
)
def test_what_is_no_field_is_refused_with_the_reason(tmp_path: Path, data: xarray.Dataset, reason: str) -> None:
    with pytest.raises(MatterzooError, match=reason):
        read(written(data, tmp_path))


def test_a_file_that_is_no_netcdf_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "era5.nc"
    path.write_text("hello")
    with pytest.raises(MatterzooError, match=r"cannot be read as NetCDF"):
        read(path)
