"""Embeddings: a shard comes back as it was, failures included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from matterzoo_schemas.canonical import write_tensors
from matterzoo_schemas.columns import Strings, offsets_of
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.shard import Embeddings, Layer, Nodes, Status

anywhere = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@st.composite
def embeddings(draw):
    ids = draw(st.lists(st.text(min_size=1), unique=True, max_size=5))
    count = len(ids)
    sizes = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    with_nodes = draw(st.booleans())
    floats = st.floats(width=32)

    def layer(dim: int) -> Layer:
        nodes = draw(hnp.arrays(np.float32, (sum(sizes), dim), elements=floats)) if with_nodes else None
        return Layer(draw(hnp.arrays(np.float32, (count, dim), elements=floats)), nodes)

    names = draw(st.lists(st.text("abcxyz_0", min_size=1), unique=True, max_size=3))
    return Embeddings(
        ids=Strings.pack(ids),
        layers={name: layer(draw(st.integers(1, 4))) for name in names},
        status=draw(hnp.arrays(np.uint8, count, elements=st.sampled_from([int(s) for s in Status]))),
        reason=Strings.pack(draw(st.lists(st.text(), min_size=count, max_size=count))),
        energy=draw(st.none() | hnp.arrays(np.float64, count, elements=st.floats())),
        nodes=Nodes(offsets_of(sizes), np.arange(sum(sizes), dtype=np.int64)) if with_nodes else None,
        header=draw(st.dictionaries(st.sampled_from(["model", "key", "options"]), st.text())),
    )


@anywhere
@given(embeddings())
def test_any_embeddings_come_back_from_their_file_as_they_were(tmp_path, written):
    path = tmp_path / "e.safetensors"
    written.write(path)
    opened = Embeddings.open(path)
    assert opened.ids == written.ids
    assert opened.reason == written.reason
    np.testing.assert_array_equal(opened.status, written.status)
    assert opened.layers.keys() == written.layers.keys()
    for name, layer in written.layers.items():
        np.testing.assert_array_equal(opened.layers[name].pooled, layer.pooled)
        assert (opened.layers[name].nodes is None) == (layer.nodes is None)
        if layer.nodes is not None:
            np.testing.assert_array_equal(opened.layers[name].nodes, layer.nodes)
    assert (opened.energy is None) == (written.energy is None)
    if written.energy is not None:
        np.testing.assert_array_equal(opened.energy, written.energy)
    assert (opened.nodes is None) == (written.nodes is None)
    assert (written.header or {}).items() <= opened.header.items()


@anywhere
@given(embeddings())
def test_writing_what_was_opened_gives_the_same_bytes(tmp_path, written):
    first, second = tmp_path / "1", tmp_path / "2"
    written.write(first)
    Embeddings.open(first).write(second)
    # The header that was read holds what the writer adds; adding it again changes nothing.
    assert first.read_bytes() == second.read_bytes()


def test_what_failed_is_masked_by_its_status():
    pooled = np.array([[1.0], [np.nan]], np.float32)
    shard = Embeddings(
        Strings.pack(["good", "bad"]), {"last": Layer(pooled)}, np.array([Status.OK, Status.CRASHED], np.uint8),
        Strings.pack(["", "signal 11"]),
    )  # fmt: skip
    assert shard.ok.tolist() == [True, False]
    assert len(shard) == 2


def test_columns_of_different_lengths_are_refused(tmp_path):
    path = tmp_path / "e.safetensors"
    ids = Strings.pack(["a", "b"])
    tensors = {**ids.tensors("ids"), **ids.tensors("reason"), "status": np.zeros(3, np.uint8)}
    write_tensors(path, tensors, {"kind": "embeddings", "layers": [], "count": 2})
    with pytest.raises(MatterzooError, match=r"e\.safetensors.*different lengths") as raised:
        Embeddings.open(path)
    assert raised.value.code == ExitCode.BAD_INPUT


def test_nodes_that_do_not_add_up_are_refused(tmp_path):
    path = tmp_path / "e.safetensors"
    ids = Strings.pack(["a"])
    tensors = {
        **ids.tensors("ids"), **Strings.pack([""]).tensors("reason"), "status": np.zeros(1, np.uint8),
        "nodes/offsets": np.array([0, 5], np.int64), "nodes/index": np.zeros(3, np.int64),
    }  # fmt: skip
    write_tensors(path, tensors, {"kind": "embeddings", "layers": [], "count": 1})
    with pytest.raises(MatterzooError, match="do not cut 3 values"):
        Embeddings.open(path)
