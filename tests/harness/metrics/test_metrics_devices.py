"""Several devices share the strips of a sweep, and the bits are those of one. Here a device is a thread on the CPU."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from metric_references import data

from matterzoo_harness.metrics import MetricError, compare
from matterzoo_harness.metrics.split import split_sweep
from matterzoo_harness.metrics.sweep import Pass, sweep
from matterzoo_harness.metrics.views import Features

HOST = torch.device("cpu")


def same(one, other):
    for entry in one.entries:
        assert entry.values.tobytes() == other.entry(entry.key).values.tobytes(), entry.key
    for name, values in one.models.items():
        assert values.tobytes() == other.models[name].tobytes(), name
    assert one.provenance["certificates"] == other.provenance["certificates"]


@pytest.mark.parametrize(
    ("preset", "devices"),
    [("default", ["cpu", "cpu"]), ("default", "cpu,cpu,cpu"), ("paper", "cpu,cpu"), ("prh", "cpu,cpu")],
)
def test_results_have_the_bits_of_one_device(preset, devices):
    models = data("clustered", 550, (8, 40, 90))
    alone = compare(models, preset=preset, strip=64)
    shared = compare(models, preset=preset, strip=64, device=devices)
    same(alone, shared)
    assert shared.provenance["devices"] == len(devices.split(",") if isinstance(devices, str) else devices)


def test_many_neighbours_too():
    models = data("shared", 300, (8, 40))
    wanted = {"metrics": ["cknna", "mutual_knn"], "k": (10, 150), "strip": 32}
    same(compare(models, **wanted), compare(models, **wanted, device=["cpu", "cpu"]))


def test_strips_are_reported_in_order_although_two_threads_form_them():
    seen = []
    compare(
        data("gauss", 300, (8, 9)), metrics=["dcor"], strip=32, device="cpu,cpu", progress=lambda *a: seen.append(a)
    )
    assert [done for _, done, _ in seen] == [*range(32, 300, 32), 300]


class Watched(Pass):
    """Notes which thread saw which strip, and fails at one."""

    def __init__(self, fails_at: int = -1) -> None:
        super().__init__()
        self.fails_at = fails_at
        self.sums["rows"] = torch.zeros((), dtype=torch.int64)
        for each in ("number", "thread"):
            self.rows[each] = torch.zeros(1, 100, dtype=torch.int64)

    def strip(self, strip):
        if strip.start == self.fails_at:
            raise ValueError("strip 40 broke")
        self.rows["thread"][:, strip.start : strip.stop] = threading.get_ident()
        self.sums["rows"] += strip.stop - strip.start
        self.rows["number"][:, strip.start : strip.stop] = strip.rows


def features() -> list[Features]:
    from matterzoo_harness.metrics.numerics import PRECISIONS
    from matterzoo_harness.metrics.views import view

    return [view("raw", torch.from_numpy(data("gauss", 100, (4,))["m0"]), PRECISIONS["float32"])]


def test_every_device_has_its_own_thread_and_a_share_of_the_strips():
    watched = Watched()
    split_sweep([HOST, HOST], features(), [watched], 10)
    assert watched.sums["rows"] == 100
    assert watched.rows["number"][0].tolist() == list(range(100))
    owners = watched.rows["thread"][0, ::10].tolist()
    assert len({*owners[::2]}) == len({*owners[1::2]}) == 1
    assert owners[0] != owners[1]
    assert threading.get_ident() not in owners


def test_it_goes_on_where_a_sweep_on_one_device_stopped():
    class Enough(Exception):
        pass

    def stop(done):
        if done == 40:
            raise Enough

    watched = Watched()
    with pytest.raises(Enough):
        sweep(features(), [watched], 10, after=stop)
    split_sweep([HOST, HOST], features(), [watched], 10, done=40)
    assert watched.sums["rows"] == 100
    assert watched.rows["number"][0].tolist() == list(range(100))


def test_what_breaks_on_one_device_ends_the_sweep():
    with pytest.raises(ValueError, match="strip 40 broke"):
        split_sweep([HOST, HOST], features(), [Watched(fails_at=40)], 10)


def test_a_device_that_is_none_is_refused_by_name():
    with pytest.raises(MetricError, match="there is no device 'gpu'"):
        compare({"a": np.eye(50)}, device="gpu")
    with pytest.raises(MetricError, match="a GPU was asked for"):
        compare({"a": np.eye(50)}, device=["cpu", "cuda:99"])
