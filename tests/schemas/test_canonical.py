"""Canonical files: committed whole or not at all, and a damaged one is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load_file

from matterzoo_schemas import SCHEMA_VERSION
from matterzoo_schemas.canonical import (
    METADATA_KEY,
    TensorSpec,
    TensorWriter,
    canonical_json,
    open_tensors,
    sha256_of,
    write_tensors,
)
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.views import Structure

anywhere = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
DTYPES = [np.float64, np.int64, np.uint64, np.float32, np.int32, np.uint32, np.float16, np.int16, np.uint16, np.int8,
          np.uint8, np.bool_]  # fmt: skip
tensors = st.dictionaries(
    st.text(min_size=1, max_size=8).filter(lambda name: name != "__metadata__"),
    st.sampled_from(DTYPES).flatmap(lambda d: hnp.arrays(d, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0))),
    max_size=5,
)
SPECS = {"a": TensorSpec(np.dtype(np.float64), (4, 2)), "b": TensorSpec(np.dtype(np.uint8), (3,))}


@pytest.fixture
def small_file(tmp_path) -> Path:
    path = tmp_path / "small.safetensors"
    water = Structure(np.array([8, 1, 1], np.uint8), np.arange(9.0).reshape(3, 3))
    Records.of([Sample("w", {"atoms": water, "smiles": "O"}, {"energy": -1.0}), Sample("x", {"smiles": "C"})]).write(
        path
    )
    return path


@anywhere
@given(tensors)
def test_any_tensors_come_back_also_through_the_safetensors_library(tmp_path, content):
    path = tmp_path / "any.safetensors"
    write_tensors(path, content, {"kind": "test"})
    ours, theirs = open_tensors(path, "test").tensors, load_file(path)
    assert ours.keys() == theirs.keys() == content.keys()
    for name, array in content.items():
        assert ours[name].dtype == theirs[name].dtype == array.dtype
        np.testing.assert_array_equal(ours[name], array)
        np.testing.assert_array_equal(theirs[name], array)


@anywhere
@given(tensors)
def test_the_order_of_a_dictionary_does_not_reach_the_file(tmp_path, content):
    first, second = tmp_path / "1.safetensors", tmp_path / "2.safetensors"
    write_tensors(first, content, {"kind": "test", "x": 1})
    write_tensors(second, dict(reversed(content.items())), {"x": 1, "kind": "test"})
    assert first.read_bytes() == second.read_bytes()


def test_a_file_has_exactly_one_metadata_key(small_file):
    raw = small_file.read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    assert list(header["__metadata__"]) == [METADATA_KEY]
    assert header["__metadata__"][METADATA_KEY].encode() == canonical_json(
        json.loads(header["__metadata__"][METADATA_KEY])
    )


def test_a_file_cut_off_anywhere_is_refused_by_name(small_file):
    whole = small_file.read_bytes()
    for size in range(len(whole)):
        small_file.write_bytes(whole[:size])
        with pytest.raises(MatterzooError, match=r"small\.safetensors") as raised:
            Records.open(small_file)
        assert raised.value.code == ExitCode.BAD_INPUT


def test_a_file_with_bytes_behind_its_end_is_refused(small_file):
    small_file.write_bytes(small_file.read_bytes() + b"\0")
    with pytest.raises(MatterzooError, match="do not fill it"):
        Records.open(small_file)


@anywhere
@given(st.data())
def test_a_damaged_header_is_refused_and_never_a_traceback(small_file, data):
    whole = bytearray(small_file.read_bytes())
    end = 8 + int.from_bytes(whole[:8], "little")
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, end - 1))] = data.draw(st.integers(0, 255))
    path = small_file.with_name("damaged.safetensors")
    path.write_bytes(damaged)
    try:
        Records.open(path)
    except MatterzooError as error:
        refused = error
    else:
        return  # the damage hit a name or a number that may as well be so
    assert refused.code == ExitCode.BAD_INPUT
    assert "damaged.safetensors" in refused.message


OURS = b'{"__metadata__":{"matterzoo":"{\\"kind\\":\\"records\\",\\"schema\\":1}"},"a":%s}'
ODD_HEADERS = [
    b"[]", b"12", b'"x"', b"null", b"[" * 5000,
    b'{"__metadata__":[]}', b'{"__metadata__":{"matterzoo":{}}}', b'{"__metadata__":{"matterzoo":"[]"}}',
    OURS % b"3",
    OURS % b'{"dtype":"U8","shape":"x","data_offsets":[0,0]}',
    OURS % b'{"dtype":"U8","shape":[-1,0],"data_offsets":[0,0]}',
    OURS % b'{"dtype":"U9","shape":[0],"data_offsets":[0,0]}',
]  # fmt: skip


@pytest.mark.parametrize("header", ODD_HEADERS)
def test_a_header_of_another_shape_is_refused(tmp_path, header):
    path = tmp_path / "odd.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(MatterzooError, match=r"odd\.safetensors") as raised:
        Records.open(path)
    assert raised.value.code == ExitCode.BAD_INPUT


@pytest.mark.parametrize("version", [SCHEMA_VERSION - 1, SCHEMA_VERSION + 1, None, "1"])
def test_a_file_of_another_schema_version_is_refused_by_name(small_file, version):
    was, now = f'\\"schema\\":{SCHEMA_VERSION}', f'\\"schema\\":{json.dumps(version)}'.replace('"1"', '\\"1\\"')
    raw = small_file.read_bytes()
    header = raw[8 : 8 + int.from_bytes(raw[:8], "little")].rstrip(b" ").replace(was.encode(), now.encode())
    assert now.encode() in header
    body = raw[8 + int.from_bytes(raw[:8], "little") :]
    header += b" " * (-len(header) % 8)
    small_file.write_bytes(len(header).to_bytes(8, "little") + header + body)
    with pytest.raises(
        MatterzooError, match=rf"small\.safetensors.*schema {version}.*reads {SCHEMA_VERSION}"
    ) as raised:
        Records.open(small_file)
    assert raised.value.code == ExitCode.BAD_INPUT


def test_a_file_of_another_kind_is_refused_by_name(small_file):
    with pytest.raises(MatterzooError, match=r"small\.safetensors.*'records', not 'embeddings'"):
        open_tensors(small_file, "embeddings")


def test_a_file_of_the_safetensors_library_is_not_ours(tmp_path):
    from safetensors.numpy import save_file

    path = tmp_path / "theirs.safetensors"
    save_file({"x": np.zeros(3)}, path)
    with pytest.raises(MatterzooError, match="no 'matterzoo' key"):
        Records.open(path)


def test_a_writer_that_fails_leaves_no_file(tmp_path):
    path = tmp_path / "x.safetensors"
    writer = TensorWriter(path, SPECS, {"kind": "test"})
    writer.write("a", np.zeros((4, 2)))
    error = RuntimeError("poisoned")
    writer.__exit__(type(error), error, None)
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_fails_leaves_the_file_of_before(tmp_path):
    path = tmp_path / "x.safetensors"
    write_tensors(path, {"b": np.arange(3, dtype=np.uint8)}, {"kind": "test"})
    before = path.read_bytes()
    with pytest.raises(ValueError, match="does not fit"), TensorWriter(path, SPECS, {"kind": "test"}) as writer:
        writer.write("a", np.zeros((4, 3)))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_visible_before_the_commit(tmp_path):
    path = tmp_path / "x.safetensors"
    with TensorWriter(path, SPECS, {"kind": "test"}) as writer:
        writer.write("a", np.ones((4, 2)))
        assert not path.exists()
    assert path.exists()


@pytest.mark.parametrize(("values", "row"), [(np.zeros((2, 2)), 3), (np.zeros((1, 2)), -1), (np.zeros((5, 2)), 0)])
def test_rows_outside_a_tensor_are_refused(tmp_path, values, row):
    with pytest.raises(ValueError, match="outside"), TensorWriter(tmp_path / "x", SPECS, {"kind": "test"}) as writer:
        writer.write("a", values, row)


def test_pieces_written_in_any_order_make_the_file_written_at_once(tmp_path):
    values = np.arange(8.0).reshape(4, 2)
    bytes_ = np.arange(3, dtype=np.uint8)
    with TensorWriter(tmp_path / "pieces", SPECS, {"kind": "test"}) as writer:
        writer.write("b", bytes_)
        writer.write("a", values[2:], 2)
        writer.write("a", values[:2], 0)
    write_tensors(tmp_path / "once", {"a": values, "b": bytes_}, {"kind": "test"})
    assert (tmp_path / "pieces").read_bytes() == (tmp_path / "once").read_bytes()


def test_canonical_json_has_one_text_for_one_value():
    assert canonical_json({"b": [1, 2.5], "a": "α"}) == '{"a":"α","b":[1,2.5]}'.encode()
    assert sha256_of({"b": 1, "a": 2}) == sha256_of({"a": 2, "b": 1})


def test_canonical_json_refuses_what_json_cannot_say():
    with pytest.raises(ValueError, match=r"JSON compliant"):
        canonical_json({"x": float("nan")})
